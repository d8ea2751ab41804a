"""A comparison, understood: the ranking, the checks and the verdict in one piece."""

from dataclasses import dataclass

from strata.reports.checks import RULES
from strata.reports.checks.base import Check, run_checks
from strata.reports.comparison.ranking import Ranking, rank
from strata.reports.comparison.sweeps import Grid, Sweep, grids, sweeps
from strata.reports.model.results import Comparison
from strata.reports.summary.verdict import Verdict, verdict


@dataclass(frozen=True)
class Analysis:
    """What the page, the tables and the files are written from."""

    comparison: Comparison
    ranking: Ranking
    sweeps: list[Sweep]
    grids: list[Grid]
    checks: list[Check]
    verdict: Verdict


def analyze(comparison: Comparison) -> Analysis:
    """Evaluate, test, check and sum up."""
    ranking = rank(comparison)
    return Analysis(
        comparison,
        ranking,
        sweeps(ranking),
        grids(ranking),
        run_checks(ranking, RULES),
        verdict(ranking),
    )
