"""Layer table of a network with all that it computes: activations, dropout, auxiliary heads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, fx, nn

from strata.models.architectures.architecture import Architecture
from strata.models.architectures.blocks import Subsample
from strata.models.architectures.builder import Network
from strata.models.architectures.dropout import Dropout
from strata.models.architectures.flops import LayerCost, layer_rows
from strata.models.architectures.named_layers import block_name, head_layer_name
from strata.models.architectures.normalization import LocalResponseNorm, LocalResponseNormWithin
from strata.models.architectures.receptive_field import Field, FieldInterpreter
from strata.reports.model.results import LayerRow

#: Layers without parameters that have a row of their own.
_WITH_ROW = (LocalResponseNorm, LocalResponseNormWithin, nn.AdaptiveAvgPool2d, Subsample)
#: Functions between layers, by name, with the text for them.
_FUNCTIONS = {"add": "sum", "relu": "ReLU", "sigmoid": "Sigmoid"}
#: Poolings of a head over its whole maps, with the text for them.
_HEAD_POOLS = {
    "average": "average over the maps",
    "max": "maximum over the maps",
    "flatten": "flattened",
}


@dataclass(frozen=True)
class DescribedLayer(LayerRow):
    """A row of the layer table, with what follows it up to the next row.

    Attributes:
        followed_by: activation, dropout, sum with a skip connection: "ReLU, dropout 0.2".
        training_only: True for layers of auxiliary heads.
    """

    followed_by: str = ""
    training_only: bool = False

    @classmethod
    def of(cls, cost: LayerCost, **more: Any) -> Self:
        """The row of a layer's cost."""
        return cls(**cost._asdict(), **more)


def described_layers(
    architecture: str | Architecture | Mapping[str, Any],
    *,
    image_size: int,
    num_classes: int,
    channels: int = 3,
) -> list[DescribedLayer]:
    """The rows of `flops.cost_table` and normalizations without parameters, then auxiliary heads.

    Rows of the auxiliary head after the second block are named "auxiliary/block2".

    Args:
        architecture, image_size, num_classes, channels: as of `flops.cost_table`.

    Raises:
        InputError: a description that no network can be built from.
    """
    given, side = Architecture.of(architecture), (image_size, image_size)
    with torch.device("meta"):
        network = Network(given, image_size, num_classes, channels).eval()
        image = torch.empty(1, channels, *side)
    blocks = _Reader(network.blocks, image, Field(), side)
    head = _Reader(network.head, network.pool(blocks.maps), Field.whole(*side), side)
    pooled = [_HEAD_POOLS[given.head.pool], *head.before]
    if blocks.rows:
        blocks.follow(*pooled)
    else:  # a perceptron: its first layer takes the image
        head.following.setdefault(0, []).append(f"before it: {', '.join(pooled)}")
    found = [
        *blocks.named(block_name),
        *head.named(lambda place: head_layer_name(network, int(place))),
    ]
    for name, weight in network.auxiliary_weights.items():
        before = _Reader(network.blocks[: int(name.removeprefix("block"))], image, Field(), side)
        reader = _Reader(network.auxiliary[name], before.maps, before.output_field, side)
        reader.follow(f"weight {weight:g} in the loss")
        found += reader.named(f"auxiliary/{name}".format, training_only=True)
    return found


class _Reader(FieldInterpreter):
    """Interpreter that makes a row of each layer, and notes what follows it.

    Attributes:
        before: what comes before the first row.
        maps: output of the module.
    """

    def __init__(
        self, module: nn.Module, inputs: Tensor, start: Field, image: tuple[int, int]
    ) -> None:
        super().__init__(module, start, image)
        self.costs = {row.name: row for row in layer_rows(module, inputs, start, image)[0]}
        self.rows: list[LayerCost] = []
        self.before: list[str] = []
        self.following: dict[int, list[str]] = {}
        with torch.no_grad():
            self.maps: Any = self.run(inputs)

    def run_node(self, n: fx.Node) -> Any:
        """Compute a node, and make its row or its note."""
        result = super().run_node(n)
        layer = self.fetch_attr(str(n.target)) if n.op == "call_module" else None
        name = n.name if layer is None else str(n.target)
        if name in self.costs:
            self.rows.append(self.costs[name])
        elif isinstance(layer, _WITH_ROW):
            kind, shape = type(layer).__name__, tuple(result.shape[1:])
            self.rows.append(LayerCost(name, kind, shape, (), 0, 0, 0, 0, self.fields[n].size))
        elif layer is not None:
            self.follow(_text(layer))
        elif n.op == "call_function":
            self.follow(_FUNCTIONS.get(str(getattr(n.target, "__name__", "")), ""))
        return result

    def follow(self, *texts: str) -> None:
        """Note what follows the latest row."""
        count = len(self.rows)
        noted = self.following.setdefault(count - 1, []) if count else self.before
        noted += filter(None, texts)

    def named(self, name: Callable[[str], str], **more: Any) -> list[DescribedLayer]:
        """The rows, with names made of their places."""
        return [
            DescribedLayer.of(
                row._replace(name=name(row.name)),
                followed_by=", ".join(self.following.get(number, [])),
                **more,
            )
            for number, row in enumerate(self.rows)
        ]


def _text(layer: nn.Module) -> str:
    """An activation or dropout as text; "" of what does nothing."""
    if isinstance(layer, nn.Identity | nn.Sequential):
        return ""
    if isinstance(layer, Dropout):
        return f"dropout {layer.p:g}"
    if isinstance(layer, nn.LeakyReLU):
        return f"LeakyReLU({layer.negative_slope:g})"
    return type(layer).__name__
