"""Questions about the comparison itself: who is missing, who leads, and by what right."""

from collections.abc import Iterator

from strata.reports.checks.base import Finding, NotApplicable, rule
from strata.reports.comparison.ranking import Ranking
from strata.reports.formatting import listing


@rule(
    "R01",
    "Methods without results",
    "A comparison says nothing about the methods that are missing from it.",
    "Read the error, mend its cause and run again: what is done already is kept.",
)
def failed(ranking: Ranking) -> Iterator[Finding]:
    """Methods with an error (their own, or of whoever evaluated their scores) or without scores."""
    errors = {m.name: m.error for m in ranking.comparison.methods if m.error}
    errors |= {m.name: m.error or "it has no scores" for m in ranking.failed}
    for name, error in errors.items():
        yield Finding("issue", f"{name}: {error}", name)


@rule(
    "R08",
    "Methods that cannot be told from the best",
    "Among methods that cannot be told apart, the order in the table is luck.",
    "Choose by cost, or add repeats and images.",
)
def within_noise(ranking: Ranking) -> Iterator[Finding]:
    """Methods that cannot be told from the best."""
    _several(ranking)
    if all(row.standing in ("best", "untested") for row in ranking.rows):
        raise NotApplicable("no method could be tested against the best")
    tied = [row.method.name for row in ranking.rows if row.standing == "tied"]
    if tied and ranking.best:
        yield Finding(
            "tip",
            f"{listing(tied)} cannot be told from {ranking.best.method.name} by these results.",
            ranking.best.method.name,
        )


@rule(
    "R09",
    "Choice on the test images",
    "The best of several test accuracies is too good an estimate of itself.",
    "Rank by cross-validation, and look at the test images once, at the end.",
)
def chosen_on_test(ranking: Ranking) -> Iterator[Finding]:
    """Several methods, compared on test images alone."""
    _several(ranking)
    if ranking.basis == "test":
        yield Finding("tip", f"{len(ranking.rows)} methods are ranked by their test accuracy.")


def _several(ranking: Ranking) -> None:
    if len(ranking.rows) < 2:
        there_is = "there is one method only" if ranking.rows else "no method has results"
        raise NotApplicable(there_is)
