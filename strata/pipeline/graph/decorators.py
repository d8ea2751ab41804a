"""Decorators that make functions stages.

    @stage(estimator="strata.features.encodings.fisher_vectors:FisherVectors", role="encoder")
    def fisher_vectors(local, train, *, extra: int = 1, **parameters): ...

Positional arguments are inputs; keyword-only arguments, and those of the estimator's constructor,
are parameters with types and defaults.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Generic, TypedDict, TypeVar, Unpack, overload

from strata.pipeline.graph.roles import Features, Role
from strata.pipeline.graph.stage import OptionalInputsStage, ShardStage, Stage, Step, ViewStage

AFFECTS_RESULTS = False  # about stages, not in them


class About(TypedDict, total=False):
    """Attributes of a stage that its decorator may set, see `Step` and `Stage`."""

    estimator: str
    supplies: tuple[str, ...]
    role: Role
    features: Features
    accelerator: bool
    in_prediction: Mapping[str, Any]


Kind = TypeVar("Kind", bound=Stage)


class _Decorator(Generic[Kind]):
    """Makes a function a stage: `@stage`, or `@stage(role=..., ...)`."""

    def __init__(self, kind: type[Kind]) -> None:
        self._kind = kind

    @overload
    def __call__(self, function: Callable[..., Any], /) -> Kind: ...

    @overload
    def __call__(self, /, **about: Unpack[About]) -> Callable[[Callable[..., Any]], Kind]: ...

    def __call__(self, function: Any = None, /, **about: Any) -> Any:
        return self._kind(function) if function else partial(self._kind, **about)


stage = _Decorator(Stage)
optional_inputs_stage = _Decorator(OptionalInputsStage)
shard_stage = _Decorator(ShardStage)
view_stage = _Decorator(ViewStage)


def step(function: Callable[..., Any]) -> Step:
    """Decorator: a function that composes stages, to stand in recipes where a stage could."""
    return Step(function)
