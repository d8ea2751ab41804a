"""Result of one check on a comparison of synthetic methods."""

from dataclasses import replace

from strata.reports.checks import CHECKS
from strata.reports.checks.base import CheckResult, run_checks
from strata.reports.comparison.ranking import rank
from strata.reports.model.results import MethodResult
from tests.reports import synthetic


def check(code: str, *methods: MethodResult, **data) -> CheckResult:
    whole = synthetic.three()
    whole = replace(whole, methods=list(methods), data=replace(whole.data, **data))
    (found,) = [c for c in run_checks(rank(whole), CHECKS) if c.code == code]
    return found


def method(name: str = "a", quality: float = 3.0, **fields) -> MethodResult:
    seed = fields.pop("seed", 0)
    recipe = fields.pop("recipe", "r")
    return MethodResult(
        name, recipe, **{"cv": synthetic.scores(quality=quality, seed=seed), **fields}
    )
