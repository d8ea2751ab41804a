"""Description of a network in plain dicts and lists, as a TOML file gives them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Annotated, Any, Union

from strata.errors import InputError, nearest
from strata.models.architectures.block_spec import Block, Branches
from strata.models.architectures.presets import PRESETS, preset
from strata.models.architectures.registry import (
    ACTIVATIONS,
    HEAD_NORMALIZATIONS,
    HEAD_POOLS,
    INITIALIZATIONS,
)
from strata.parameter_types import NamedTable


@dataclass(frozen=True)
class Head:
    """Description of a head: pooling, hidden layers with activation, linear layer to class scores.

    Attributes:
        pool: "average" or "max" over the whole map, or "flatten".
        hidden: widths of the hidden linear layers.
        activation: of the hidden layers, a key of `registry.ACTIVATIONS`.
        normalization: of the hidden layers, after the activation: "none", "batch" or "layer".
        dropout: share of units dropped before each linear layer.
    """

    pool: str = "average"
    hidden: tuple[int, ...] = ()
    activation: str = "relu"
    normalization: str = "none"
    dropout: float = 0.0

    def check(self) -> None:
        """Raise `InputError` for values that no head can be built from."""
        for value, known, what in (
            (self.pool, HEAD_POOLS, "pool of the head"),
            (self.activation, ACTIVATIONS, "activation of the head"),
            (self.normalization, HEAD_NORMALIZATIONS, "normalization of the head"),
        ):
            if value not in known:
                raise InputError(f"Unknown {what} '{value}'.", nearest(value, known))
        if not 0 <= self.dropout < 1:
            raise InputError(f"A head's dropout must be in [0, 1), not {self.dropout}.")
        if any(not isinstance(width, int) or width < 1 for width in self.hidden):
            raise InputError(f"A head's 'hidden' holds widths, not {list(self.hidden)}.")


@dataclass(frozen=True)
class Auxiliary:
    """Description of an auxiliary head on an early block, in training only (Szegedy et al. 2015).

    Attributes:
        after: number of the block whose output is its input, from 1.
        weight: of its loss, which is added to the loss of the network's own scores.
    """

    after: int
    weight: float = 0.3


@dataclass(frozen=True)
class Architecture:
    """Description of a network.

    Attributes:
        blocks: in order.
        head: from the last feature maps to class scores.
        auxiliary: further heads, in training only.
        initialization: of the weights, a key of `registry.INITIALIZATIONS`.
    """

    blocks: tuple[Block | Branches, ...]
    head: Head = field(default_factory=Head)
    auxiliary: tuple[Auxiliary, ...] = ()
    initialization: str = "he-normal"

    @classmethod
    def of(cls, given: Union[str, Mapping[str, Any], "Architecture"]) -> "Architecture":
        """The architecture of a name or a description.

        A name is a key of `presets.PRESETS`; a description with a `name` is that preset with the
        other keys as its arguments; any other goes to `from_dict`.

        Raises:
            InputError: unknown names or keys, values that no network can be built from.
        """
        if isinstance(given, Architecture):
            return given
        if isinstance(given, str):
            return cls.from_dict(preset(given, {}))
        rest = dict(given)
        name = rest.pop("name", None)
        if name is not None and not isinstance(name, str):
            raise InputError(f"'name' in an architecture cannot be {name!r}.")
        return cls.from_dict(rest if name is None else preset(name, rest))

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Architecture":
        """The architecture of a description.

        `blocks` is a list of dicts with the fields of `Block`, or with `branches`, a list of
        such lists; block fields at the top level are the defaults of all blocks; `head` has the
        fields of `Head`, `auxiliary` is a list of dicts with the fields of `Auxiliary`.

        Raises:
            InputError: unknown or missing keys, values that no network can be built from.
        """
        own = {f.name: f.type for f in fields(cls)}
        types = own | {"blocks": list | tuple, "head": Mapping, "auxiliary": list | tuple}
        _check(description, {**_types(Block), **types}, "an architecture")
        if "blocks" not in description:
            raise InputError(
                "A network's description has neither a 'name' nor 'blocks'.",
                'For example: architecture = { name = "cnn", activation = "elu" }.',
            )
        defaults = {key: value for key, value in description.items() if key not in own}
        head = dict(description.get("head", {}))
        _check(head, _types(Head) | {"hidden": list | tuple}, "a network's head")
        head["hidden"] = tuple(head.get("hidden", ()))
        network = cls(
            tuple(_read_block(given, defaults) for given in description.get("blocks", [])),
            Head(**head),
            tuple(_read_auxiliary(given) for given in description.get("auxiliary", [])),
            description.get("initialization", "he-normal"),
        )
        network.check()
        return network

    def to_dict(self) -> dict[str, Any]:
        """The full description in plain dicts and lists, which `from_dict` reads back."""
        plain: dict[str, Any] = _lists(asdict(self))
        return plain

    def check(self) -> None:
        """Raise `InputError` for values that no network can be built from."""
        for block in self.blocks:
            block.check()
        self.head.check()
        for auxiliary in self.auxiliary:
            if not 1 <= auxiliary.after <= len(self.blocks) or not auxiliary.weight >= 0:
                raise InputError(
                    f"An auxiliary head after block {auxiliary.after} of {len(self.blocks)}"
                    f" with weight {auxiliary.weight} cannot be built.",
                    "`after` counts blocks from 1; `weight` must not be negative.",
                )
        after = [auxiliary.after for auxiliary in self.auxiliary]
        if len(set(after)) < len(after):
            raise InputError(f"A block has one auxiliary head at most; 'after' is {after}.")
        if self.initialization not in INITIALIZATIONS:
            hint = nearest(self.initialization, INITIALIZATIONS)
            raise InputError(f"Unknown initialization '{self.initialization}'.", hint)


def _read_block(given: Mapping[str, Any], defaults: dict[str, Any]) -> Block | Branches:
    if not isinstance(given, Mapping) or "branches" not in given:
        return _read_plain_block(given, defaults)
    _check(given, {"branches": list | tuple}, "a block with branches")
    for branch in given["branches"]:
        if not isinstance(branch, list | tuple):
            raise InputError(f"A branch must be a list of blocks, not {branch!r}.")
    return Branches(
        tuple(tuple(_read_plain_block(b, defaults) for b in branch) for branch in given["branches"])
    )


def _read_plain_block(given: Mapping[str, Any], defaults: dict[str, Any]) -> Block:
    _check(given, _types(Block), "a block")
    if "filters" not in {**defaults, **given}:
        raise InputError("A block of the network has no 'filters'.")
    return Block(**{**defaults, **given})


def _read_auxiliary(given: Mapping[str, Any]) -> Auxiliary:
    _check(given, _types(Auxiliary), "an auxiliary head")
    if "after" not in given:
        raise InputError("An auxiliary head has no 'after', the number of a block.")
    return Auxiliary(**given)


def _types(of: Any) -> dict[str, Any]:
    return {f.name: f.type for f in fields(of)}


def _check(given: Any, types: Mapping[str, Any], where: str) -> None:
    """Raise `InputError` for unknown keys and values of a wrong type."""
    if not isinstance(given, Mapping):
        raise InputError(f"The description of {where} must be a table, not {given!r}.")
    for key, value in given.items():
        if key not in types:
            raise InputError(f"Unknown key '{key}' in {where}.", nearest(key, types))
        kind = float | int if types[key] is float else types[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise InputError(f"'{key}' in {where} cannot be {value!r}.")


def _lists(value: Any) -> Any:
    """Nested tuples as lists."""
    if isinstance(value, dict):
        return {key: _lists(v) for key, v in value.items()}
    return [_lists(v) for v in value] if isinstance(value, list | tuple) else value


#: Type of a parameter: a name of `PRESETS`, or a table that `Architecture.of` reads.
ArchitectureLike = Annotated[
    str | Mapping[str, Any],
    NamedTable(PRESETS, "strata.models.architectures.architecture:Architecture.of"),
]
