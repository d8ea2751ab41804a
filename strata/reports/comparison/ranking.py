"""Ranking of methods by accuracy, with the significance of each difference to the best."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from strata.reports.comparison.evaluation import Evaluation, Split, evaluations
from strata.reports.comparison.pairs import Pair, find_pair, pairwise_tests
from strata.reports.model.results import Comparison, MethodResult

Standing = Literal["best", "tied", "below", "untested"]
TestStanding = Literal["above", "tied", "below", "untested"]
Mark = Literal["best", "tied", "below", "below on test", "above on test", "untested"]

#: Decimals to which accuracies are compared: the order of summation changes those beyond.
DIGITS = 12


@dataclass(frozen=True)
class RankedMethod:
    """One method with its rank.

    Attributes:
        method: its results.
        evaluations: on each split that it has scores for.
        rank: from 1; None where it has no scores on the split that ranks.
        standing: "best", "tied" (not significantly different from the best), "below"
            (significantly worse), or "untested" (no fair test, or no scores).
        to_best: the pair with the best method; None for the best itself.
        on_test: "above", "tied" with or "below" the best method on the test images, where these do
            not rank; "untested" for the best itself, and without a test.
    """

    method: MethodResult
    evaluations: dict[Split, Evaluation]
    rank: int | None = None
    standing: Standing = "untested"
    to_best: Pair | None = None
    on_test: TestStanding = "untested"

    @property
    def mark(self) -> Mark:
        """Standing over both splits: a significant difference on either of them is one."""
        if self.standing == "best":
            return "best"
        if self.on_test == "above":
            return "above on test"
        if self.standing == "below":
            return "below"
        if self.on_test == "below":
            return "below on test"
        return "tied" if "tied" in (self.standing, self.on_test) else "untested"


@dataclass(frozen=True)
class Ranking:
    """All methods, evaluated and compared.

    Attributes:
        basis: the split that ranks: cross-validation wherever a method has it, so that test
            images select nothing; None without any scores.
        rows: methods with scores, best first, those without scores on `basis` last.
        failed: methods without any scores, with their error.
        pairs: all pairs, by split.
    """

    comparison: Comparison
    basis: Split | None
    rows: list[RankedMethod]
    failed: list[MethodResult]
    pairs: dict[Split, list[Pair]]

    @cached_property
    def best(self) -> RankedMethod | None:
        """The best method, if any has scores."""
        return self.rows[0] if self.rows else None

    @property
    def near_best(self) -> list[RankedMethod]:
        """The best method and those that neither split shows to be worse."""
        return [row for row in self.rows if row.mark in ("best", "tied", "above on test")]

    def on(self, split: Split) -> dict[str, Evaluation]:
        """Evaluations on one split, by method, in the order of the ranking."""
        return {r.method.name: r.evaluations[split] for r in self.rows if split in r.evaluations}


def rank(comparison: Comparison) -> Ranking:
    """Evaluate every method, test every pair, and rank the methods.

    Of equal accuracies the method that is cheaper to fit comes first. A method whose scores are
    invalid joins the failed ones with the reason as its error.
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
        standing = _standing(place, pair)
        on_test = _on_test(find_pair(pairs["test"], best, method.name) if basis == "cv" else None)
        rows.append(RankedMethod(method, evaluated, place, standing, pair, on_test))
    rows += [RankedMethod(method, evaluated) for method, evaluated in others]
    return Ranking(comparison, basis, rows, failed, pairs)  # type: ignore[arg-type]


Evaluated = tuple[MethodResult, dict[Split, Evaluation]]


def _evaluate_all(comparison: Comparison) -> tuple[list[Evaluated], list[MethodResult]]:
    """Methods with their evaluations, and methods without any."""
    found: list[Evaluated] = []
    failed: list[MethodResult] = []
    for method in comparison.methods:
        try:
            evaluated = evaluations(method, len(comparison.data.classes), comparison.intervals)
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
    """Sort key: accuracy descending, then fit time ascending, unknown last."""
    method, evaluated = found
    seconds = method.cost.fit_seconds if method.cost else None
    accuracy = round(evaluated[basis].accuracy, DIGITS)
    return -accuracy, seconds if seconds is not None else float("inf")


def _pairs(found: list[Evaluated], split: Split) -> list[Pair]:
    """All pairs of methods on a split."""
    methods = {method.name: e[split] for method, e in found if split in e}
    return pairwise_tests(methods, split)


def _standing(place: int, pair: Pair | None) -> Standing:
    """Standing of a method by its rank and its pair with the best."""
    if place == 1:
        return "best"
    if pair is None or pair.significant is None:
        return "untested"
    return "below" if pair.significant else "tied"


def _on_test(pair: Pair | None) -> TestStanding:
    """Standing on the test images, from the pair of the best method (first) and another."""
    if pair is None or pair.significant is None:
        return "untested"
    if not pair.significant:
        return "tied"
    return "below" if pair.difference > 0 else "above"
