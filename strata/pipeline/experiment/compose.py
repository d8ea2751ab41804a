"""From an experiment and its data to the graph: each method on each fold."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    """A method, composed.

    Attributes:
        parameters: all of the recipe's, defaults filled in.
        folds: each fold with the node of its scores; the final one, if any, last.
        node: the method's predictions, what `make` makes.
        open: searches on the way to them that have not picked yet. What hangs on these is
            composed as if they had picked their first trial: right in kind, not in values.
    """

    method: Method
    recipe: Recipe
    parameters: dict[str, Any]
    folds: tuple[tuple[Fold, Node], ...]
    node: Node
    open: tuple[Node, ...] = ()

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.name

    @property
    def goals(self) -> tuple[Node, ...]:
        """What can be made now: the searches that have to pick first, or the predictions."""
        return self.open or (self.node,)


def compose(methods: dict[str, ResolvedMethod], dataset: Dataset, store: Store) -> list[Target]:
    """All methods as targets, with what their searches have picked so far.

    Raises:
        InputError: a method is made of what is none, or of itself.
    """
    composer = _Composer(dataset, methods, store)
    return [_target(method, composer) for method in methods.values()]


class _Composer:
    """Composes any method of an experiment on any fold, each once."""

    def __init__(self, dataset: Dataset, methods: dict[str, ResolvedMethod], store: Store) -> None:
        self.dataset = dataset
        self.methods = methods
        self.store = store
        self.unread: set[str] = set()
        self._made: dict[tuple[str, int], tuple[Fold, Node]] = {}
        self._path: list[str] = []

    def scores(self, name: str, fold: Fold) -> Node:
        """The node of a method's scores of the images in `fold.test`."""
        known = self._made.get((name, id(fold)))
        if known:
            return known[1]
        if name not in self.methods:
            raise InputError(
                f"methods.{self._path[-1]} names '{name}', which is not a method of this file.",
                nearest(name, self.methods),
            )
        if name in self._path:
            circle = " of ".join(f"'{n}'" for n in [*self._path[self._path.index(name) :], name])
            raise InputError(f"A method cannot be made of itself: {circle}.")
        method = self.methods[name]
        self._path.append(name)
        try:
            with composing(f"{name}, {fold.name}"):
                if method.trials:
                    node = self._searched(method, fold)
                else:
                    node = self._plain(method, fold, method.parameters)
        except InputError as error:
            if error.what.startswith("methods."):
                raise
            raise InputError(f"methods.{name}: {error.what}", error.hint) from None
        finally:
            self._path.pop()
        self._made[name, id(fold)] = (fold, node)
        return node

    def _plain(self, method: ResolvedMethod, fold: Fold, parameters: dict[str, Any]) -> Node:
        return method.recipe.compose(self.dataset.data_of(fold, self.scores), fold, parameters)

    def _searched(self, method: ResolvedMethod, fold: Fold) -> Node:
        """The scores with the parameters that do best inside of the fold's training part."""
        search = method.method.search
        assert search is not None
        inner = self.dataset.inner_folds(fold, search.folds)[: search.parts]
        trials: list[list[Node]] = []
        for number, parameters in enumerate(method.trials, start=1):
            trials.append([])
            for part in inner:
                with composing(f"{method.method.name}, {part.name}, trial {number}"):
                    trials[-1].append(self._plain(method, part, parameters))
        choice = select_trial(trials, [part.test for part in inner], fold.train)
        trial = self._picked(choice)
        return apply_selection(choice, self._plain(method, fold, method.trials[trial]), trial=trial)

    def _picked(self, choice: Node) -> int:
        """The number of the trial that was picked; the first one's as long as none was."""
        if self.store.state(choice.key) == "present":
            return int(self.store.read(choice.key)["trial"])
        self.unread.add(choice.key)
        return 0


def _target(settled: ResolvedMethod, composer: _Composer) -> Target:
    dataset, method = composer.dataset, settled.method
    folds = dataset.folds_with(method.train_per_class or dataset.protocol["train_per_class"])
    parts = tuple((fold, composer.scores(method.name, fold)) for fold in folds)
    with composing(method.name):
        node = predictions(
            [node for _, node in parts],
            [dataset.with_labels(fold.test) for fold, _ in parts],
            folds=[(fold.repeat, fold.number) for fold, _ in parts],
        )
    first = _first(node, composer.unread) if composer.unread else ()
    return Target(method, settled.recipe, settled.parameters, parts, node, first)


def _first(node: Node, unread: set[str]) -> tuple[Node, ...]:
    """The searches on the way to a node that have not picked and wait for no other search."""
    waiting: set[str] = set()
    found = []
    for step in topological_order([node]):
        waits = any(parent.key in waiting for parent in step.parents)
        if step.key in unread and not waits:
            found.append(step)
        if step.key in unread or waits:
            waiting.add(step.key)
    return tuple(found)


def chosen(targets: list[Target], names: list[str]) -> list[Target]:
    """The targets that the user names; all of them without names.

    A method with variants is all its variants.

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
    """Refuse what names no target; no image is read for it.

    Raises:
        InputError: a name that no target has.
    """
    known = {m.name for m in methods} | {m.variant_of or m.name for m in methods}
    for name in names:
        if name not in known:
            raise InputError(f"There is no target '{name}'.", nearest(name, known))
