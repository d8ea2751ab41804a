"""Types of parameters that say which values are allowed; estimators' constructors carry them.

pydantic reads them where an experiment file is checked; this module needs neither it nor torch.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen

from strata.errors import InputError

if TYPE_CHECKING:
    from pydantic import ValidationInfo

AFFECTS_RESULTS = False  # refuses values, changes none


@dataclass(frozen=True)
class OneOf:
    """Metadata of a string that is a key of a registry: the registry stays the only list."""

    names: Collection[str]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core.core_schema import literal_schema

        return literal_schema(list(self.names))


@dataclass(frozen=True)
class NamedTable:
    """Metadata of a value that is a key of a registry or a table of further keys.

    Attributes:
        names: the registry.
        reader: "module:function" that refuses a wrong table by an `InputError`; imported when the
            first table is checked.
    """

    names: Collection[str]
    reader: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        table = core_schema.with_info_after_validator_function(
            self._read,
            core_schema.dict_schema(core_schema.str_schema(), core_schema.any_schema()),
        )
        return core_schema.union_schema([core_schema.literal_schema(list(self.names)), table])

    def _read(self, table: dict[str, Any], info: "ValidationInfo") -> dict[str, Any]:
        module, _, name = self.reader.partition(":")
        try:
            attrgetter(name)(import_module(module))(table)
        except InputError as error:
            raise InputError(f"{info.field_name}: {error.what}", error.hint) from None
        return table


PositiveInt = Annotated[int, Ge(1)]
NonNegativeInt = Annotated[int, Ge(0)]
#: Sizes in pixels, one at least.
PositiveInts = Annotated[tuple[PositiveInt, ...], MinLen(1)]
#: Finest level of a spatial pyramid, which has 4**level cells.
PyramidLevel = Annotated[int, Ge(0), Le(6)]
#: Folds that something is cut into.
Folds = Annotated[int, Ge(2)]
#: Batch normalization needs two rows.
BatchSize = Annotated[int, Ge(2)]
PositiveFloat = Annotated[float, Gt(0)]
NonNegativeFloat = Annotated[float, Ge(0)]
#: [0, 1].
UnitInterval = Annotated[float, Ge(0), Le(1)]
#: [0, 1).
Fraction = Annotated[float, Ge(0), Lt(1)]
#: (0, 1).
OpenUnitInterval = Annotated[float, Gt(0), Lt(1)]
#: One per method or branch, in their order.
Weights = tuple[NonNegativeFloat, ...]
#: Cells of a spatial pyramid, see `strata.features.encodings.spatial_pyramid`.
PyramidLayout = Literal["none", "square", "horizontal", "paper"]
Device = Literal["auto", "cpu", "cuda", "mps"]


def check_weights(weights: Sequence[float], count: int) -> None:
    """Refuse weights that are not one for each of `count`, or all zero; none at all are right."""
    if weights and len(weights) != count:
        raise InputError(
            f"There are {len(weights)} weights for {count} methods.", "Give one to each."
        )
    if weights and not any(weights):
        raise InputError("All weights are zero.", "Give one of them a larger number.")
