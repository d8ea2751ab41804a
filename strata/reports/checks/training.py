"""Questions about how networks were trained."""

from collections.abc import Iterator

from strata.reports.checks.base import Finding, NotApplicable, rule
from strata.reports.comparison.ranking import Ranking
from strata.reports.formatting import listing, percent
from strata.reports.statistics.convergence import History, trouble

#: Shares of a layer's units that may be dead, before a tip and before an issue.
DEAD, MOSTLY_DEAD = 0.25, 0.5


@rule(
    "R07",
    "End of training",
    "A network that was stopped half-way, or whose loss blew up, says little about the method.",
    "Train longer, or lower the learning rate.",
)
def not_converged(ranking: Ranking) -> Iterator[Finding]:
    """Training that broke down or was still under way at its end."""
    rows = [row for row in ranking.rows if row.method.histories]
    if not rows:
        raise NotApplicable("no method reports a training history")
    for row in rows:
        severity, sentence = trouble(row.method.histories)
        if severity is not None:
            yield Finding(severity, f"{row.method.name}: {sentence}", row.method.name)


@rule(
    "R13",
    "Dead units",
    "A unit that gives the same value for every image adds nothing but cost.",
    "Lower the learning rate, or try another initialization or a leaky activation.",
)
def dead_units(ranking: Ranking) -> Iterator[Finding]:
    """Layers of which many units never answer at the end of training."""
    found = {row.method.name: _dead_at_the_end(row.method.histories) for row in ranking.rows}
    if not any(found.values()):
        raise NotApplicable("no training history tells of dead units")
    for name, layers in found.items():
        for layer, share in layers.items():
            if share > DEAD:
                yield Finding(
                    "issue" if share > MOSTLY_DEAD else "tip",
                    f"{name}: {percent(share, 0)} % of the units of {layer} give one and the same "
                    "value for all images.",
                    name,
                )


def _dead_at_the_end(histories: list[History]) -> dict[str, float]:
    """Share of dead units by layer, in the last epoch that tells of it, mean over folds."""
    ends: dict[str, list[float]] = {}
    for history in histories:
        last = {k: v for epoch in history for k, v in epoch.items() if k.startswith("dead_units/")}
        for key, share in last.items():
            ends.setdefault(key.partition("/")[2], []).append(float(share))
    return {layer: sum(shares) / len(shares) for layer, shares in ends.items()}


@rule(
    "R11",
    "Number of seeds of networks",
    "Two trainings of one network differ by more than many a published gain.",
    "Set repeats to 3 or more.",
)
def one_seed(ranking: Ranking) -> Iterator[Finding]:
    """Networks that were trained with a single seed."""
    rows = [row for row in ranking.rows if row.method.histories]
    if not rows:
        raise NotApplicable("no method reports a training history")
    single = [r for r in rows if max(e.repeats for e in r.evaluations.values()) == 1]
    if single:
        names = listing(row.method.name for row in single)
        yield Finding("tip", f"{names}: trained with one seed.", single[0].method.name)
