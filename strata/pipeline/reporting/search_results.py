"""What the searches of a method found, for its report."""

from typing import TYPE_CHECKING

from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.search_space import Range, Space
from strata.pipeline.graph.stage import Node
from strata.pipeline.stages.search import apply_selection
from strata.pipeline.store.store import Store

if TYPE_CHECKING:
    from strata.reports.model.results import Search, Searched


def searched(target: Target, store: Store) -> "Search | None":
    """Trials of a method and how they did in each fold, as far as that is in the store."""
    import numpy as np

    from strata.reports.model.results import Search

    search = target.method.search
    if search is None:
        return None
    choices = [(f, s.inputs[0]) for f, s in target.folds if s.stage is apply_selection]
    there = [(f, c) for f, c in choices if isinstance(c, Node) and store.state(c.key) == "present"]
    if not there:
        return None
    made = [store.read(choice.key) for _, choice in there]
    return Search(
        parameters=_parameters(search.space),
        trials=search.drawn(),
        folds=[fold.name for fold, _ in there],
        final=[fold.number < 0 for fold, _ in there],
        accuracies=np.array([artifact["accuracies"] for artifact in made]),
        picked=[int(artifact["trial"]) for artifact in made],
    )


def _parameters(space: Space) -> "list[Searched]":
    from strata.reports.model.results import Searched

    return [
        Searched(name, low=entry.low, high=entry.high, log=entry.log)
        if isinstance(entry, Range)
        else Searched(name, values=list(entry.values))
        for name, entry in space.items()
    ]
