"""Description of a network in plain dicts and lists, as a TOML file gives them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Annotated, Any, Union

from strata.errors import InputError, nearest
from strata.models.architectures.block_spec import AnyBlock, Block, Branches, Pooling
from strata.models.architectures.head_spec import Auxiliary, Head
from strata.models.architectures.presets.by_name import PRESETS, preset
from strata.models.architectures.registry import INITIALIZATIONS
from strata.models.architectures.typed_tables import check_table, field_types, lists, tuples
from strata.parameter_types import NamedTable


@dataclass(frozen=True)
class Architecture:
    """Description of a network.

    Attributes:
        blocks: in order.
        head: from the last feature maps to class scores.
        auxiliary: further heads, in training only.
        initialization: of the weights, a key of `registry.INITIALIZATIONS`.
    """

    blocks: tuple[AnyBlock, ...]
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

        `blocks` is a list of dicts with the fields of `Block`; or of `Pooling`, without `filters`;
        or with `branches`, a list of such lists. Block fields at the top level are the defaults of
        all blocks; `head` has the fields of `Head`, `auxiliary` is a list of dicts with the fields
        of `Auxiliary`.

        Raises:
            InputError: unknown or missing keys, values that no network can be built from.
        """
        own = {f.name: f.type for f in fields(cls)}
        types = own | {"blocks": list | tuple, "head": Mapping, "auxiliary": list | tuple}
        check_table(description, {**field_types(Block), **types}, "an architecture")
        if "blocks" not in description:
            raise InputError(
                "A network's description has neither a 'name' nor 'blocks'.",
                'For example: architecture = { name = "cnn", activation = "elu" }.',
            )
        defaults = {key: value for key, value in description.items() if key not in own}
        head = description.get("head", {})
        check_table(head, field_types(Head), "a network's head")
        network = cls(
            tuple(_read_block(given, defaults) for given in description["blocks"]),
            Head(**_plain(head)),
            tuple(_read_auxiliary(given) for given in description.get("auxiliary", [])),
            description.get("initialization", "he-normal"),
        )
        network.check()
        return network

    def to_dict(self) -> dict[str, Any]:
        """The full description in plain dicts and lists, which `from_dict` reads back."""
        plain: dict[str, Any] = lists(asdict(self))
        return plain

    def check(self) -> None:
        """Raise `InputError` for values that no network can be built from."""
        for block in self.blocks:
            block.check()
        self.head.check()
        for auxiliary in self.auxiliary:
            auxiliary.check(len(self.blocks))
        after = [auxiliary.after for auxiliary in self.auxiliary]
        if len(set(after)) < len(after):
            raise InputError(f"A block has one auxiliary head at most; 'after' is {after}.")
        if self.initialization not in INITIALIZATIONS:
            hint = nearest(self.initialization, INITIALIZATIONS)
            raise InputError(f"Unknown initialization '{self.initialization}'.", hint)


def _read_block(given: Mapping[str, Any], defaults: dict[str, Any]) -> AnyBlock:
    if isinstance(given, Mapping) and "branches" in given:
        return _read_branches(given, defaults)
    if isinstance(given, Mapping) and "pool" in given and "filters" not in {**defaults, **given}:
        return _read_pooling(given, defaults)
    check_table(given, field_types(Block), "a block")
    if "filters" not in {**defaults, **given}:
        raise InputError(
            "A block of the network has no 'filters'.",
            "Only a block that pools alone has none; it sets its own 'pool'.",
        )
    return Block(**_plain({**defaults, **given}))


def _read_branches(given: Mapping[str, Any], defaults: dict[str, Any]) -> Branches:
    check_table(given, {"branches": list | tuple}, "a block with branches")
    for branch in given["branches"]:
        if not isinstance(branch, list | tuple):
            raise InputError(f"A branch must be a list of blocks, not {branch!r}.")
    return Branches(
        tuple(tuple(_read_block(b, defaults) for b in branch) for branch in given["branches"])
    )


def _read_pooling(given: Mapping[str, Any], defaults: dict[str, Any]) -> Pooling:
    types = field_types(Pooling)
    check_table(given, types, "a block that pools alone, without 'filters'")
    common = {key: value for key, value in defaults.items() if key in types}
    return Pooling(**{**common, **given})


def _read_auxiliary(given: Mapping[str, Any]) -> Auxiliary:
    check_table(given, field_types(Auxiliary), "an auxiliary head")
    if "after" not in given:
        raise InputError("An auxiliary head has no 'after', the number of a block.")
    return Auxiliary(**_plain(given))


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    """Values as fields of a description hold them."""
    return {key: tuples(value) for key, value in given.items()}


#: Type of a parameter: a name of `PRESETS`, or a table that `Architecture.of` reads.
ArchitectureLike = Annotated[
    str | Mapping[str, Any],
    NamedTable(PRESETS, "strata.models.architectures.architecture:Architecture.of"),
]
