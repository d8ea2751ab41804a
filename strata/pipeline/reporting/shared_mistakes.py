"""Worst mistakes of the best classical and the best deep method, for the report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.explain.worst_mistakes import Candidate, derived_worst_mistakes, worst_mistakes
from strata.pipeline.store.store import Store
from strata.pipeline.visualize.visualize import finding

if TYPE_CHECKING:
    from strata.reports.model.results import MethodKind, MethodResult
    from strata.reports.model.visualizations import Visualization

#: Methods of each kind that are tried, best first.
TRIED = 3


def shared_mistakes(
    targets: Sequence[Target], methods: "Sequence[MethodResult]", dataset: Dataset, store: Store
) -> "tuple[list[Visualization], list[dict[str, Any]]]":
    """The figure, if there is one; an error becomes a finding and is never raised.

    Args:
        methods: results of the targets, in their order.
    """
    classical, deep = _both_kinds(targets, methods)
    if not classical or not deep:
        return [], []
    try:
        found = worst_mistakes(classical, deep, dataset, store)
    except Exception as error:  # a failed visualization must not stop the report
        return [], [finding(error)]
    return [found] if found else [], []


def shared_mistakes_key(targets: Sequence[Target], methods: "Sequence[MethodResult]") -> str:
    """Key of the figure's artifact, for `gc`; arguments as of `shared_mistakes`."""
    return derived_worst_mistakes(*_both_kinds(targets, methods)).key


def _both_kinds(
    targets: Sequence[Target], methods: "Sequence[MethodResult]"
) -> tuple[list[Candidate], list[Candidate]]:
    """Classical and deep methods that may be shown, the best first."""
    return _candidates("classical", targets, methods), _candidates("deep", targets, methods)


def _candidates(
    kind: "MethodKind", targets: Sequence[Target], methods: "Sequence[MethodResult]"
) -> list[Candidate]:
    """Methods of a kind with cross-validation, by accuracy."""
    pairs = zip(targets, methods, strict=True)
    found = [Candidate(t, m.cv) for t, m in pairs if m.kind == kind and m.cv is not None]
    return sorted(found, key=_errors)[:TRIED]


def _errors(one: Candidate) -> float:
    """Share of held-out images that a method gets wrong."""
    return float((one.scores.predictions != one.scores.labels).mean())
