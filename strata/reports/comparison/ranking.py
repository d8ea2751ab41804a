"""Who is best, who cannot be told from the best, and who failed."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from strata.reports.comparison.evaluation import Evaluation, Split, evaluations
from strata.reports.comparison.pairs import Pair, all_pairs, find_pair
from strata.reports.model.results import Comparison, Method

Standing = Literal["best", "tied", "below", "untested"]

#: Accuracies that are the same to so many decimals are equal: means of the same folds in another
#: order differ beyond.
DIGITS = 12


@dataclass(frozen=True)
class Ranked:
    """One method with its place.

    Attributes:
        rank: from 1; None where it has no scores on the split that ranks.
        standing: against the best: "best", "tied" (not distinguishable from it), "below"
            (distinguishable), or "untested" (no fair test, or no scores).
        to_best: the pair with the best method; None for the best itself.
    """

    method: Method
    evaluations: dict[Split, Evaluation]
    rank: int | None = None
    standing: Standing = "untested"
    to_best: Pair | None = None


@dataclass(frozen=True)
class Ranking:
    """All methods, evaluated and compared.

    Attributes:
        basis: the split that ranks: cross-validation wherever a method has it, so that test
            images choose nothing; None when there are no scores at all.
        rows: methods with scores, best first, those without scores on `basis` last.
        failed: methods without any scores, with their error.
        pairs: all pairs, by split.
    """

    comparison: Comparison
    basis: Split | None
    rows: list[Ranked]
    failed: list[Method]
    pairs: dict[Split, list[Pair]]

    @cached_property
    def best(self) -> Ranked | None:
        """The first row, where there is one."""
        return self.rows[0] if self.rows else None

    @property
    def near_best(self) -> list[Ranked]:
        """The best method and those that cannot be told from it."""
        return [row for row in self.rows if row.standing in ("best", "tied")]

    def on(self, split: Split) -> dict[str, Evaluation]:
        """Evaluations on one split, by method, in the order of the ranking."""
        return {r.method.name: r.evaluations[split] for r in self.rows if split in r.evaluations}


def rank(comparison: Comparison) -> Ranking:
    """Evaluate every method, test every pair, and put the methods in order.

    Of equal accuracies the method that is cheaper to fit comes first. A method whose scores make
    no sense joins the failed ones with the reason as its error.
    """
    found, failed = _evaluate_all(comparison)
    splits = [split for _, evaluated in found for split in evaluated]
    if not splits:
        return Ranking(comparison, None, [], failed, {"cv": [], "test": []})
    basis: Split = "cv" if "cv" in splits else "test"
    ranked = sorted((f for f in found if basis in f[1]), key=lambda f: _order(f, basis))
    others = [f for f in found if basis not in f[1]]
    pairs = {split: _pairs([*ranked, *others], split) for split in ("cv", "test")}
    best = ranked[0][0].name
    rows = []
    for place, (method, evaluated) in enumerate(ranked, start=1):
        pair = find_pair(pairs[basis], best, method.name) if place > 1 else None
        rows.append(Ranked(method, evaluated, place, _standing(place, pair), pair))
    rows += [Ranked(method, evaluated) for method, evaluated in others]
    return Ranking(comparison, basis, rows, failed, pairs)  # type: ignore[arg-type]


Evaluated = tuple[Method, dict[Split, Evaluation]]


def _evaluate_all(comparison: Comparison) -> tuple[list[Evaluated], list[Method]]:
    found: list[Evaluated] = []
    failed: list[Method] = []
    for method in comparison.methods:
        try:
            evaluated = evaluations(method, len(comparison.data.classes))
        except (ValueError, IndexError) as error:
            reason = f"its scores could not be evaluated: {error}"
            method = replace(method, cv=None, test=None, error=reason)
            evaluated = {}
        if evaluated:
            found.append((method, evaluated))
        else:
            failed.append(method)
    return found, failed


def _order(found: Evaluated, basis: Split) -> tuple[float, float]:
    method, evaluated = found
    seconds = method.cost.fit_seconds if method.cost else None
    accuracy = round(evaluated[basis].accuracy, DIGITS)
    return -accuracy, seconds if seconds is not None else float("inf")


def _pairs(found: list[Evaluated], split: Split) -> list[Pair]:
    methods = {method.name: e[split] for method, e in found if split in e}
    return all_pairs(methods, split)


def _standing(place: int, pair: Pair | None) -> Standing:
    if place == 1:
        return "best"
    if pair is None or pair.distinguishable is None:
        return "untested"
    return "below" if pair.distinguishable else "tied"
