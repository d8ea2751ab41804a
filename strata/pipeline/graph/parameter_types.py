"""What values a parameter may take, said in its type."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen

from strata.errors import InputError

if TYPE_CHECKING:
    from pydantic import ValidationInfo


@dataclass(frozen=True)
class _Read:
    """A table that somebody else reads, whose own error is told, with the parameter's name."""

    reader: Callable[[dict[str, Any]], object]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic import AfterValidator  # not before something is checked

        return AfterValidator(self._read).__get_pydantic_core_schema__(source, handler)

    def _read(self, table: dict[str, Any], info: "ValidationInfo") -> dict[str, Any]:
        try:
            self.reader(table)
        except InputError as error:
            raise InputError(f"{info.field_name}: {error.what}", error.hint) from None
        return table


def _architecture(table: dict[str, Any]) -> None:
    from strata.models.architectures.architecture import Architecture

    Architecture.of(table)


def _augmentations(table: dict[str, Any]) -> None:
    from strata.models.training.augment_config import Augmentation

    Augmentation.of(table)


Count = Annotated[int, Ge(1)]
Whole = Annotated[int, Ge(0)]
#: Sizes in pixels, one at least.
Sizes = Annotated[tuple[Count, ...], MinLen(1)]
#: The finest of a pyramid, which has 4^level cells there.
Level = Annotated[int, Ge(0), Le(6)]
Batch = Annotated[int, Ge(2)]
Positive = Annotated[float, Gt(0)]
NotNegative = Annotated[float, Ge(0)]
Share = Annotated[float, Ge(0), Le(1)]
#: Of something of which not all can be taken.
Part = Annotated[float, Ge(0), Lt(1)]
#: More than nothing, less than everything.
Between = Annotated[float, Gt(0), Lt(1)]
#: Of several methods or branches, in their order.
Weights = tuple[NotNegative, ...]
Optimizer = Literal["adamw", "adam", "sgd", "plain-sgd", "rmsprop", "adadelta", "adagrad"]
Architecture = (
    Literal["cnn", "cnn-pooled", "lenet-5", "mlp", "tinynet", "tinynet-micro", "tinynet-residual"]
    | Annotated[dict[str, Any], _Read(_architecture)]
)
Augmentations = (
    Literal["none", "light", "strong"] | Annotated[dict[str, Any], _Read(_augmentations)]
)
Schedule = Literal["one-cycle", "cosine", "constant", "step"]


def check_weights(weights: Sequence[float], count: int) -> None:
    """Refuse weights that are not one for each of `count`, or all zero; none at all are right."""
    if weights and len(weights) != count:
        raise InputError(
            f"There are {len(weights)} weights for {count} methods.", "Give one to each."
        )
    if weights and not any(weights):
        raise InputError("All weights are zero.", "Give one of them a larger number.")
