"""Results of a method's random search, for its report."""

from typing import TYPE_CHECKING

import numpy as np

from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.search_space import Range, Space
from strata.pipeline.graph.stage import Node
from strata.pipeline.stages.search import apply_selection
from strata.pipeline.store.store import Store

if TYPE_CHECKING:
    from strata.reports.model.results import SearchedParameter, SearchResult


def search_result(target: Target, store: Store) -> "SearchResult | None":
    """Trials of a method's search with their accuracy in each fold that is in the store."""

    from strata.reports.model.results import SearchResult

    search = target.method.search
    if search is None:
        return None
    choices = [(f, s.inputs[0]) for f, s in target.folds if s.stage is apply_selection]
    present = [
        (f, c) for f, c in choices if isinstance(c, Node) and store.state(c.key) == "present"
    ]
    if not present:
        return None
    artifacts = [store.read(choice.key) for _, choice in present]
    return SearchResult(
        parameters=_parameters(search.space),
        trials=search.drawn(),
        folds=[fold.name for fold, _ in present],
        final=[fold.number < 0 for fold, _ in present],
        accuracies=np.array([artifact["accuracies"] for artifact in artifacts]),
        picked=[int(artifact["trial"]) for artifact in artifacts],
    )


def _parameters(space: Space) -> "list[SearchedParameter]":
    """The search space as parameters of the report."""
    from strata.reports.model.results import SearchedParameter

    return [
        SearchedParameter(name, low=entry.low, high=entry.high, log=entry.log)
        if isinstance(entry, Range)
        else SearchedParameter(name, values=list(entry.values))
        for name, entry in space.items()
    ]
