"""Composition of the graph: every method of an experiment on every fold of its data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from strata.errors import InputError, nearest
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.experiment.methods import Method
from strata.pipeline.experiment.resolve import ResolvedMethod
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.recipe import Recipe
from strata.pipeline.graph.stage import Node, composing
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.stages.predictions import predictions
from strata.pipeline.stages.search import apply_selection, select_trial
from strata.pipeline.store.store import Store


@dataclass(frozen=True)
class Target:
    """A method with its nodes.

    Attributes:
        parameters: all parameters of the recipe, defaults filled in.
        folds: each fold with the node of its scores; the final one, if any, comes last.
        node: the method's predictions on all folds.
        pending_searches: nodes of the searches that the predictions depend on, that have not
            selected a trial yet and depend on no other such search. The nodes that follow them are
            composed as if their first trial had been selected: their stages are right, their
            parameters may not be.
    """

    method: Method
    recipe: Recipe
    parameters: dict[str, Any]
    folds: tuple[tuple[Fold, Node], ...]
    node: Node
    pending_searches: tuple[Node, ...] = ()

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.name

    @property
    def build_targets(self) -> tuple[Node, ...]:
        """Nodes that can be made now: the pending searches or, without any, the predictions."""
        return self.pending_searches or (self.node,)


def compose(methods: dict[str, ResolvedMethod], dataset: Dataset, store: Store) -> list[Target]:
    """Compose all methods, with the trials that searches have selected so far.

    Raises:
        InputError: a method combines an unknown method, or itself.
    """
    composer = _Composer(dataset, methods, store)
    return [_target(method, composer) for method in methods.values()]


def compose_one(name: str, methods: dict[str, ResolvedMethod], dataset: Any, fold: Fold) -> Node:
    """Scores of one method on one fold, without the searches of any method.

    Args:
        dataset: with `data_of` and `inner_folds` as `Dataset` has them.

    Raises:
        InputError: a method combines an unknown method, or itself.
    """
    plain = {key: replace(method, trials=()) for key, method in methods.items()}
    return _Composer(dataset, plain, store=None).scores(name, fold)


class _Composer:
    """Composes any method of an experiment on any fold, each pair once.

    Attributes:
        pending: keys of the searches that have not selected a trial yet.
    """

    def __init__(
        self, dataset: Dataset, methods: dict[str, ResolvedMethod], store: Store | None
    ) -> None:
        self.dataset = dataset
        self.methods = methods
        self.store = store
        self.pending: set[str] = set()
        # By id(fold), as hashing a fold is slow; the fold is kept, so that its id stays unique.
        self._composed: dict[tuple[str, int], tuple[Fold, Node]] = {}
        self._path: list[str] = []

    def scores(self, name: str, fold: Fold) -> Node:
        """Node of a method's scores of the images in `fold.test`."""
        known = self._composed.get((name, id(fold)))
        if known:
            return known[1]
        if name not in self.methods:
            raise InputError(
                f"methods.{self._path[-1]} names '{name}', which is not a method of this file.",
                nearest(name, self.methods),
            )
        if name in self._path:
            cycle = " of ".join(f"'{n}'" for n in [*self._path[self._path.index(name) :], name])
            raise InputError(f"A method cannot be made of itself: {cycle}.")
        method = self.methods[name]
        self._path.append(name)
        try:
            with composing(f"{name}, {fold.name}"):
                if method.trials:
                    node = self._compose_search(method, fold)
                else:
                    node = self._compose_recipe(method, fold, method.parameters)
        except InputError as error:
            if error.what.startswith("methods."):
                raise
            raise InputError(f"methods.{name}: {error.what}", error.hint) from None
        finally:
            self._path.pop()
        self._composed[name, id(fold)] = (fold, node)
        return node

    def _compose_recipe(
        self, method: ResolvedMethod, fold: Fold, parameters: dict[str, Any]
    ) -> Node:
        data = replace(self.dataset.data_of(fold, self.scores), names=tuple(self.methods))
        return method.recipe.compose(data, fold, parameters)

    def _compose_search(self, method: ResolvedMethod, fold: Fold) -> Node:
        """Scores with the trial that does best in inner folds of the fold's training part."""
        search = method.method.search
        assert search is not None
        inner = self.dataset.inner_folds(fold, search.folds)[: search.parts]
        trials: list[list[Node]] = []
        for number, parameters in enumerate(method.trials, start=1):
            trials.append([])
            for part in inner:
                with composing(f"{method.method.name}, {part.name}, trial {number}"):
                    trials[-1].append(self._compose_recipe(method, part, parameters))
        selection = select_trial(trials, [part.test for part in inner], fold.train)
        trial = self._selected_trial(selection)
        scores = self._compose_recipe(method, fold, method.trials[trial])
        return apply_selection(selection, scores, trial=trial)

    def _selected_trial(self, selection: Node) -> int:
        """Number of the selected trial; while none is selected, the first one stands in."""
        assert self.store is not None  # without one there are no searches
        if self.store.state(selection.key) == "present":
            return int(self.store.read(selection.key)["trial"])
        self.pending.add(selection.key)
        return 0


def _target(resolved: ResolvedMethod, composer: _Composer) -> Target:
    dataset, method = composer.dataset, resolved.method
    folds = dataset.folds_with(method.train_per_class or dataset.protocol["train_per_class"])
    scored = tuple((fold, composer.scores(method.name, fold)) for fold in folds)
    with composing(method.name):
        node = predictions(
            [scores for _, scores in scored],
            [dataset.with_labels(fold.test) for fold, _ in scored],
            folds=[(fold.repeat, fold.number) for fold, _ in scored],
        )
    pending = _first_pending(node, composer.pending) if composer.pending else ()
    return Target(method, resolved.recipe, resolved.parameters, scored, node, pending)


def _first_pending(node: Node, pending: set[str]) -> tuple[Node, ...]:
    """Pending searches that a node depends on and that depend on no other pending search."""
    blocked: set[str] = set()
    found = []
    for step in topological_order([node]):
        is_blocked = any(parent.key in blocked for parent in step.parents)
        if step.key in pending and not is_blocked:
            found.append(step)
        if step.key in pending or is_blocked:
            blocked.add(step.key)
    return tuple(found)


def chosen(targets: list[Target], names: list[str]) -> list[Target]:
    """The targets of these names, without names all of them.

    The name of a method with variants stands for all its variants.

    Raises:
        InputError: a name that no target has.
    """
    if not names:
        return targets
    check_names([target.method for target in targets], names)
    found: list[Target] = []
    for name in names:
        matching = [t for t in targets if name in (t.name, t.method.variant_of)]
        found += [t for t in matching if t not in found]
    return found


def check_names(methods: Sequence[Method], names: list[str]) -> None:
    """Refuse names of unknown targets, before any image is read.

    Raises:
        InputError: a name that no target has.
    """
    known = {m.name for m in methods} | {m.variant_of or m.name for m in methods}
    for name in names:
        if name not in known:
            raise InputError(f"There is no target '{name}'.", nearest(name, known))
