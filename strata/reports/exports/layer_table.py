"""Table of a network's layers as text, for the page and the terminal."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from strata.reports.formatting import DASH, count, number_of
from strata.reports.model.results import LayerRow


class _Column(NamedTuple):
    """A column: heading, whether it is right-aligned, and the text of a layer."""

    name: str
    right: bool
    text: Callable[[LayerRow], str]


def shape_text(shape: Sequence[int]) -> str:
    """A shape as text: (32, 16, 16) -> "32 × 16 × 16"."""
    return " × ".join(map(str, shape)) if shape else DASH


_COLUMNS = (
    _Column("layer", False, lambda layer: layer.name),
    _Column("kind", False, lambda layer: layer.kind),
    _Column("output", True, lambda layer: shape_text(layer.output)),
    _Column("kernel", True, lambda layer: shape_text(layer.kernel)),
    _Column("parameters", True, lambda layer: count(layer.parameters) if layer.parameters else ""),
    _Column("trainable", True, lambda layer: count(layer.trainable) if layer.parameters else ""),
    _Column(
        "multiply-adds",
        True,
        lambda layer: count(layer.multiply_adds) if layer.multiply_adds else "",
    ),
    _Column("receptive field", True, lambda layer: shape_text(layer.receptive_field)),
)


def layer_sums(layers: Sequence[LayerRow]) -> str:
    """Number of layers, parameters (trained and frozen) and multiply-adds, as text."""
    parameters, trained = (
        sum(getattr(layer, name) for layer in layers) for name in ("parameters", "trainable")
    )
    frozen = f", {count(parameters - trained)} frozen" if parameters > trained else ""
    return (
        f"{number_of(len(layers), 'layer')}, {count(trained)} parameters trained{frozen}, "
        f"{count(sum(layer.multiply_adds for layer in layers))} multiply-adds"
    )


def layer_columns() -> list[tuple[str, bool]]:
    """(heading, whether right-aligned) of each column."""
    return [(column.name, column.right) for column in _COLUMNS]


def layer_cells(layer: LayerRow) -> list[str]:
    """Texts of one layer, in the order of the columns."""
    return [column.text(layer) for column in _COLUMNS]
