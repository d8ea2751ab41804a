"""Stages and nodes: what a recipe composes lazily, and the graph that comes of it.

A stage is a pure function from inputs and parameters to one artifact (`decorators` makes functions
stages). Calling it computes nothing: it yields a `Node` (or, for a `ShardStage`, a `Sharded`, one
node per shard) whose key covers the stage's name, its parameters, its inputs' keys and the code
that it reaches.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Union, get_args

from strata.pipeline.code.code_digest import code_digests, code_key, source_files
from strata.pipeline.graph.inputs import File, ImageShard, Subset
from strata.pipeline.graph.roles import YIELDS, Features, Role
from strata.pipeline.parameters.signatures import constructor_arguments
from strata.pipeline.parameters.validation import Parameters
from strata.pipeline.store.hashing import content_key

AFFECTS_RESULTS = False  # composes; what stages compute is in their functions

#: What a node can depend on.
Input = Union["Node", "Sharded", Subset, ImageShard, File, Sequence["Input"]]

_context: ContextVar[str] = ContextVar("composing", default="")


@contextmanager
def composing(what: str) -> Iterator[None]:
    """Context that names the nodes composed in it ("fisher, fold 3"), for people to read."""
    token = _context.set(what)
    try:
        yield
    finally:
        _context.reset(token)


@dataclass(frozen=True)
class StageReference:
    """Address of a stage's function, for a worker process."""

    module: str
    name: str
    path: Path

    def code(self) -> dict[str, str]:
        """Digest of each project symbol that the stage reaches."""
        return code_digests(self.module, self.name)


@dataclass(frozen=True, eq=False)
class Node:
    """One artifact to be made: a stage with its parameters and inputs.

    Attributes:
        key: where the artifact lies in the store.
        context: what it was first composed for.
        shard: the shard it is for, or None.
    """

    stage: "Stage"
    parameters: dict[str, Any]
    inputs: tuple[Input, ...]
    key: str
    context: str
    shard: ImageShard | None = None

    @property
    def title(self) -> str:
        """Context and stage, as in "fisher, fold 3: fisher_vectors"."""
        where = f"{self.context}: " if self.context else ""
        part = f" [{self.shard.prefix or 'all'}]" if self.shard else ""
        return f"{where}{self.stage.name}{part}"

    @cached_property
    def parents(self) -> list["Node"]:
        """Nodes whose artifacts this one reads, directly or through views."""
        return list(_nodes_in(self.inputs))

    @property
    def is_view(self) -> bool:
        """True where the artifact is made when it is read, and never kept."""
        return isinstance(self.stage, ViewStage)

    @cached_property
    def code(self) -> dict[str, str]:
        """Digest of each project symbol that runs: for the stage, and for the views it reads."""
        found = dict(self.stage.reference.code())
        for view in _views_in(self.inputs):
            found |= view.stage.reference.code()
        return found

    @cached_property
    def files(self) -> dict[str, int]:
        """Files of that code, with their times when keys were fixed."""
        found = dict(self.stage.files)
        for view in _views_in(self.inputs):
            found |= view.stage.files
        return found

    @property
    def learns(self) -> bool:
        """True for a fit: it sees labels or other facts of the training images as a set."""
        return any(isinstance(i, Subset) and i.labels is not None for i in self.inputs)


@dataclass(frozen=True, eq=False)
class Sharded:
    """Nodes of a stage, one per shard of the images."""

    stage: "Stage"
    nodes: tuple[Node, ...]

    @cached_property
    def key(self) -> str:
        """Content key of the shards' keys."""
        return content_key("sharded", [node.key for node in self.nodes])


def _given_nodes(inputs: Sequence[Input]) -> Iterator[Node]:
    for given in inputs:
        if isinstance(given, Node):
            yield given
        elif isinstance(given, Sharded):
            yield from given.nodes
        elif not isinstance(given, Subset | ImageShard | File):
            yield from _given_nodes(given)


def _nodes_in(inputs: Sequence[Input]) -> Iterator[Node]:
    for node in _given_nodes(inputs):
        yield from node.parents if node.is_view else [node]


def _views_in(inputs: Sequence[Input]) -> Iterator[Node]:
    for node in _given_nodes(inputs):
        if node.is_view:
            yield node
            yield from _views_in(node.inputs)


def _input_key(given: Input) -> Any:
    if isinstance(given, Node | Sharded | Subset | ImageShard | File):
        return given.key
    if isinstance(given, Sequence) and not isinstance(given, str):
        return [_input_key(part) for part in given]
    raise TypeError(f"a stage cannot depend on {type(given).__name__}: {given!r}")


@dataclass(frozen=True, eq=False)
class Step:
    """A function with parameters that a recipe composes, and an experiment file may set.

    Attributes:
        function: positional arguments are inputs, keyword-only ones parameters; `**` takes those
            of the estimator.
        estimator: "module:Class" whose constructor arguments are parameters too, with their types,
            defaults and help; "": none.
        supplies: constructor arguments that the function gives itself; `random_state` always.
    """

    function: Callable[..., Any]
    estimator: str = ""
    supplies: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the function."""
        return self.function.__name__

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @cached_property
    def parameters(self) -> Parameters:
        """Names, types, defaults and help: the estimator's arguments, then the function's own.

        An own argument of the same name stands in place of the estimator's, to narrow its type.
        """
        own = Parameters.of(self.function)
        if not self.estimator:
            return own
        omit = frozenset((*self.supplies, *own.defaults, "random_state"))
        return own.after(constructor_arguments(self.estimator, omit))

    def run(self, *inputs: Any, **parameters: Any) -> Any:
        """Result of the function on values, with checked parameters and defaults filled in."""
        return self.function(*inputs, **self.parameters.checked(parameters, self.name))

    def options(self, **values: Any) -> "Options":
        """This step's parameters as the default of a recipe's section, some set anew."""
        return Options(self, values)

    def __call__(self, *inputs: Any, **parameters: Any) -> Any:
        """Composed nodes, with checked parameters: a step's function is made of stages."""
        return self.run(*inputs, **parameters)


@dataclass(frozen=True, eq=False)
class Stage(Step):
    """A function that makes one artifact from its inputs.

    Attributes:
        role: part that it plays in a method; those who look at graphs go by it, never by names.
        features: "designed" or "learned" by a network, where it makes features of images; "" where
            it makes none.
        accelerator: whether it computes on a GPU where there is one.
        in_prediction: parameters that have these values where images are only predicted: what is
            made for trainings alone is left out.
    """

    role: Role = ""
    features: Features = ""
    accelerator: bool = False
    in_prediction: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value, known in (
            ("role", self.role, get_args(Role)),
            ("features", self.features, get_args(Features)),
        ):
            if value not in known:
                allowed = ", ".join(map(repr, known))
                raise TypeError(f"{name} = {value!r} of a stage: it is one of {allowed}")

    @property
    def yields(self) -> tuple[str, ...]:
        """Entries that its artifact has at least."""
        return YIELDS.get(self.role, ())

    @cached_property
    def reference(self) -> StageReference:
        """Address of the function."""
        code = inspect.unwrap(self.function).__code__
        return StageReference(self.function.__module__, self.name, Path(code.co_filename))

    @cached_property
    def files(self) -> dict[str, int]:
        """Files of the code that the stage reaches, with their times when keys were fixed."""
        return source_files(self.reference.code())

    @cached_property
    def _code_key(self) -> str:
        _ = self.files  # noted now, before anything runs
        return code_key(self.reference.module, self.reference.name)

    def __call__(self, *inputs: Any, **parameters: Any) -> Any:
        """Node whose artifact this stage would make."""
        return self._node(inputs, self.parameters.checked(parameters, self.name))

    def _node(
        self, inputs: tuple[Input, ...], parameters: dict[str, Any], shard: ImageShard | None = None
    ) -> Node:
        keys = [_input_key(i) for i in inputs]
        key = content_key(self.name, parameters, keys, self._code_key)
        return Node(self, parameters, inputs, key, _context.get(), shard)


class OptionalInputsStage(Stage):
    """A stage whose inputs may be missing: it is given None for what diverged in training."""


class ShardStage(Stage):
    """A stage that runs on each shard of the images by itself.

    Inputs that come in shards are paired up shard by shard; the others go to every shard.
    """

    def __call__(self, *inputs: Any, **parameters: Any) -> Any:
        """One node per shard, whose artifacts this stage would make."""
        checked = self.parameters.checked(parameters, self.name)
        sharded = [i for i in inputs if _is_sharded(i)]
        if not sharded:
            raise TypeError(f"{self.name} needs an input that comes in shards")
        count = len(_parts(sharded[0]))
        if any(len(_parts(i)) != count for i in sharded):
            raise TypeError(f"the inputs of {self.name} come in different shards")
        nodes = []
        for number in range(count):
            part = tuple(_parts(i)[number] if _is_sharded(i) else i for i in inputs)
            shard = next(s for s in map(_shard_of, part) if s)
            nodes.append(self._node(part, checked, shard))
        return Sharded(self, tuple(nodes))


class ViewStage(ShardStage):
    """A shard stage whose artifacts are not kept: they are made again by each reader.

    For what is quicker to make from its inputs than to keep.
    """


def _is_sharded(given: Any) -> bool:
    return isinstance(given, Sharded) or (
        isinstance(given, list | tuple) and bool(given) and isinstance(given[0], ImageShard)
    )


def _parts(given: Any) -> Sequence[Any]:
    return given.nodes if isinstance(given, Sharded) else given


def _shard_of(given: Any) -> ImageShard | None:
    return given if isinstance(given, ImageShard) else getattr(given, "shard", None)


@dataclass(frozen=True)
class Options(Mapping[str, Any]):
    """Section of a recipe: a stage (or step) with some of its parameters set.

    Calling it calls the stage with them; they may also be passed on with `**`.
    """

    stage: Step
    given: dict[str, Any] = field(default_factory=dict)

    def __call__(self, *inputs: Any) -> Any:
        """Node of the stage, or one per shard."""
        return self.stage(*inputs, **self.given)

    def __bool__(self) -> bool:
        return True  # a stage without parameters is still a stage

    def __getitem__(self, name: str) -> Any:
        return self.given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)

    def checked(self, table: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Parameters of the stage as plain values, those of a table set anew.

        Raises:
            InputError: an unknown name or a value of a wrong kind, by its key path.
        """
        return self.stage.parameters.checked({**self.given, **table}, where)

    def bound(self, values: Mapping[str, Any]) -> "Options":
        """Stage with checked values."""
        return Options(self.stage, dict(values))
