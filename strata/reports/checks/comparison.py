"""Checks of the comparison itself: missing methods, significance, selection on the test set."""

from collections.abc import Collection, Iterator
from typing import Any

from strata.reports.checks.base import NotApplicable, Observation, check
from strata.reports.comparison.pairs import ALPHA, find_pair
from strata.reports.comparison.ranking import Ranking
from strata.reports.formatting import NOT_COMPUTED, listing, percent


@check(
    "R01",
    "Methods that failed",
    "A comparison says nothing about the methods that are missing from it.",
    "Read the error, fix its cause and run again: finished stages are kept.",
)
def failed(ranking: Ranking) -> Iterator[Observation]:
    """Methods with an error: their own, or of evaluating their scores."""
    errors = {m.name: m.error for m in [*ranking.comparison.methods, *ranking.failed] if m.error}
    for name, error in errors.items():
        yield Observation("issue", f"{name}: {error}", name)


@check(
    "R17",
    "Methods that have not been computed",
    "The best method of a comparison is the best of those that were run.",
    "Run `strata make` without names of methods, which computes those that are missing.",
)
def not_computed(ranking: Ranking) -> Iterator[Observation]:
    """Methods without scores, and without an error: nobody asked for them."""
    missing = [method.name for method in ranking.failed if not method.error]
    if missing:
        yield Observation("tip", f"{listing(missing)}: {NOT_COMPUTED}")


@check(
    "R08",
    "Methods not significantly different from the best",
    "The ranking of methods that do not differ significantly is not reliable.",
    "Choose by cost, or add repeats (protocol.repeats = 5) and images.",
)
def tied_with_best(ranking: Ranking) -> Iterator[Observation]:
    """Methods not significantly different from the best."""
    _several(ranking)
    if all(row.mark in ("best", "untested") for row in ranking.rows):
        raise NotApplicable("no method could be tested against the best")
    tied = [row.method.name for row in ranking.rows if row.mark == "tied"]
    if tied and ranking.best:
        yield Observation(
            "tip",
            f"{listing(tied)}: not significantly different from {ranking.best.method.name}.",
            ranking.best.method.name,
        )


@check(
    "R09",
    "Model selection on the test images",
    "The highest of several test accuracies is an optimistically biased estimate.",
    "Rank by cross-validation, and use the test images once, at the end.",
)
def selected_on_test(ranking: Ranking) -> Iterator[Observation]:
    """Several methods, compared on test images alone."""
    _several(ranking)
    if ranking.basis == "test":
        yield Observation("tip", f"{len(ranking.rows)} methods are ranked by test accuracy.")


@check(
    "R19",
    "Fusion against its best member",
    "A fusion costs what all its members cost together; alone, its best member is cheaper.",
    "Leave out members that add nothing.",
)
def fusion_below_member(ranking: Ranking) -> Iterator[Observation]:
    """Fusions significantly below the best of their members, a single test for each."""
    best = {
        row.method.name: member
        for row in ranking.rows
        if row.method.recipe == "fusion"
        and (member := _best_of(row.method.parameters.get("of", ()), ranking))
    }
    if not best or ranking.basis is None:
        raise NotApplicable("there is no fusion of methods that have results")
    parameters = {row.method.name: row.method.parameters for row in ranking.rows}
    for fusion, member in best.items():
        pair = find_pair(ranking.pairs[ranking.basis], fusion, member)
        if pair is None or pair.test is None or pair.test.p >= ALPHA:
            continue
        below = pair.difference if pair.first == member else -pair.difference
        if below > 0:
            advice = _better_weights(parameters[fusion].get("combination"))
            text = f"{fusion}: {percent(below)} points below its member {member}.{advice}"
            yield Observation("tip", text, fusion)


def _better_weights(combination: Any) -> str:
    """Sentence on what would better a fusion's weights; "" where nothing is known to."""
    given = combination if isinstance(combination, dict) else {}
    if given.get("use") == "average_scores":
        return ' To learn its weights: combination.use = "learned_weights".'
    parts, folds = given.get("parts"), given.get("inner_folds")
    if isinstance(parts, int) and isinstance(folds, int) and parts < folds:
        return f" To learn its weights from more images: combination.parts = {folds}."
    return ""


def _best_of(names: Collection[str], ranking: Ranking) -> str | None:
    """The best ranked of some methods, None where none has results."""
    ranked = (row.method.name for row in ranking.rows if row.rank)
    return next((name for name in ranked if name in names), None)


def _several(ranking: Ranking) -> None:
    """Raise `NotApplicable` unless two methods or more have results."""
    if len(ranking.rows) < 2:
        raise NotApplicable("there is only one method" if ranking.rows else "no method has results")
