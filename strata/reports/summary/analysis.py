"""Analysis of a comparison: ranking, sweeps, checks and verdict in one object."""

from dataclasses import dataclass

from strata.reports.checks import CHECKS
from strata.reports.checks.base import CheckResult, run_checks
from strata.reports.comparison.ranking import Ranking, rank
from strata.reports.comparison.sweeps import Sweep, SweepGrid, sweep_grids, sweeps
from strata.reports.model.results import Comparison
from strata.reports.summary.verdict import Verdict, verdict


@dataclass(frozen=True)
class Analysis:
    """Everything that page, tables and files are written from."""

    comparison: Comparison
    ranking: Ranking
    sweeps: list[Sweep]
    grids: list[SweepGrid]
    checks: list[CheckResult]
    verdict: Verdict


def analyze(comparison: Comparison) -> Analysis:
    """Evaluate all methods, test all pairs, run the checks and sum up."""
    ranking = rank(comparison)
    return Analysis(
        comparison,
        ranking,
        sweeps(ranking),
        sweep_grids(ranking),
        run_checks(ranking, CHECKS),
        verdict(ranking),
    )
