"""Checks of network training: convergence, dead units, number of seeds."""

from collections.abc import Iterator

from strata.reports.checks.base import NotApplicable, Observation, check
from strata.reports.comparison.ranking import Ranking
from strata.reports.formatting import listing, percent
from strata.reports.statistics.convergence import History, training_problem

#: Fractions of dead units in a layer above which there is a tip, and an issue.
DEAD, MOSTLY_DEAD = 0.25, 0.5


@check(
    "R07",
    "Convergence of training",
    "A network that has not converged, or whose loss diverged, says little about the method.",
    "Train longer, or lower the learning rate.",
)
def not_converged(ranking: Ranking) -> Iterator[Observation]:
    """Training that diverged or had not converged when it ended."""
    rows = [row for row in ranking.rows if row.method.histories]
    if not rows:
        raise NotApplicable("no method reports a training history")
    for row in rows:
        severity, sentence = training_problem(row.method.histories)
        if severity is not None:
            yield Observation(severity, f"{row.method.name}: {sentence}", row.method.name)


@check(
    "R13",
    "Dead units",
    "A unit with the same activation for every image adds cost but no information.",
    "Lower the learning rate, or try another initialization or a leaky activation.",
)
def dead_units(ranking: Ranking) -> Iterator[Observation]:
    """Layers with many dead units at the end of training."""
    found = {row.method.name: _dead_at_the_end(row.method.histories) for row in ranking.rows}
    if not any(found.values()):
        raise NotApplicable("no training history records dead units")
    for name, layers in found.items():
        for layer, share in layers.items():
            if share > DEAD:
                yield Observation(
                    "issue" if share > MOSTLY_DEAD else "tip",
                    f"{name}: {percent(share, 0)} % of the units of {layer} are dead (constant "
                    "for all images).",
                    name,
                )


def _dead_at_the_end(histories: list[History]) -> dict[str, float]:
    """Fraction of dead units by layer, in the last epoch that records it, mean over folds."""
    ends: dict[str, list[float]] = {}
    for history in histories:
        last = {k: v for epoch in history for k, v in epoch.items() if k.startswith("dead_units/")}
        for key, share in last.items():
            ends.setdefault(key.partition("/")[2], []).append(float(share))
    return {layer: sum(shares) / len(shares) for layer, shares in ends.items()}


@check(
    "R11",
    "Number of training seeds",
    "The variance over seeds of one network exceeds many published gains.",
    "Set repeats to 3 or more.",
)
def one_seed(ranking: Ranking) -> Iterator[Observation]:
    """Networks trained with a single seed."""
    rows = [row for row in ranking.rows if row.method.histories]
    if not rows:
        raise NotApplicable("no method reports a training history")
    single = [r for r in rows if max(e.repeats for e in r.evaluations.values()) == 1]
    if single:
        names = listing(row.method.name for row in single)
        yield Observation("tip", f"{names}: trained with one seed.", single[0].method.name)
