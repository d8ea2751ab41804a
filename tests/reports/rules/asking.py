"""One rule, asked of a comparison of some made-up methods."""

from dataclasses import replace

import synthetic

from strata.reports.checks import Check, run_checks
from strata.reports.ranking import rank
from strata.reports.results import Method
from strata.reports.rules import RULES


def check(code: str, *methods: Method, **data) -> Check:
    whole = synthetic.three()
    whole = replace(whole, methods=list(methods), data=replace(whole.data, **data))
    (found,) = [c for c in run_checks(rank(whole), RULES) if c.code == code]
    return found


def method(name: str = "a", quality: float = 3.0, **fields) -> Method:
    seed = fields.pop("seed", 0)
    return Method(name, "r", **{"cv": synthetic.scores(quality=quality, seed=seed), **fields})
