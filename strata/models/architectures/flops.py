"""Layer table of a network: output, kernel, parameters, multiply-adds, receptive field."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx, nn

from strata.models.architectures.architecture import Architecture
from strata.models.architectures.builder import Network
from strata.models.architectures.named_layers import block_name, head_layer_name
from strata.models.architectures.receptive_field import Field, FieldInterpreter


class LayerCost(NamedTuple):
    """One row of the layer table."""

    name: str  #: of the block or layer; several rows of one block have one name
    kind: str
    output: tuple[int, ...]  #: shape for one image
    kernel: tuple[int, ...]  #: (height, width) of a convolution or of pooling, else ()
    parameters: int
    trainable: int  #: those among the parameters that are trained
    statistics: int  #: moving means and variances of a normalization, which are not trained
    multiply_adds: int  #: for one image
    receptive_field: tuple[int, int]  #: (height, width), pixels of the image; see `receptive_field`


def cost_table(
    architecture: str | Architecture | Mapping[str, Any],
    *,
    image_size: int,
    num_classes: int,
    channels: int = 3,
) -> list[LayerCost]:
    """The layers that have parameters or pool, in the order of computation.

    Multiply-adds count convolutions and linear layers, one for each weight applied; biases,
    normalizations and activations are not counted, as is usual; nor are auxiliary heads, which
    are used in training only. Names are those of `named_layers` ("block3.1.2": the second block of
    the first branch of the third block; "scores": the last layer). Nothing is computed.

    Args:
        architecture: an `Architecture`, or its name or description.
        image_size: width and height of the input, pixels.
        num_classes: number of class scores.
        channels: of the images: 3, or 1 for gray ones.

    Raises:
        InputError: a description that no network can be built from.
    """
    with torch.device("meta"):
        network = Network(Architecture.of(architecture), image_size, num_classes, channels).eval()
        image, side = torch.empty(1, channels, image_size, image_size), (image_size, image_size)
    rows, maps, _ = layer_rows(network.blocks, image, Field(), side)
    of_head, _, _ = layer_rows(network.head, network.pool(maps), Field.whole(*side), side)
    return [
        *(row._replace(name=block_name(row.name)) for row in rows),
        *(row._replace(name=head_layer_name(network, int(row.name))) for row in of_head),
    ]


def layer_rows(
    module: nn.Module, inputs: Tensor, field: Field, image: tuple[int, int], trainable: bool = True
) -> tuple[list[LayerCost], Any, Field]:
    """Rows of a module's layers, named as in its state dict; its output and the output's field.

    Args:
        module: that `receptive_field.traced` can trace, in evaluation mode.
        inputs: one image, or what a part before this one made of it.
        field: receptive field of the inputs' units.
        image: height and width of the image, pixels.
        trainable: False for a part that is frozen.
    """
    reader = _Reader(module, field, image, trainable)
    with torch.no_grad():
        output = reader.run(inputs)
    return reader.rows, output, reader.output_field


class _Reader(FieldInterpreter):
    """Interpreter that makes a row of each layer it meets."""

    def __init__(
        self, module: nn.Module, start: Field, image: tuple[int, int], trainable: bool
    ) -> None:
        super().__init__(module, start, image)
        self.trainable = trainable
        self.rows: list[LayerCost] = []

    def run_node(self, n: fx.Node) -> Any:
        """Compute a node and make its row."""
        result = super().run_node(n)
        window = self.window(n)
        layer = self.fetch_attr(str(n.target)) if n.op == "call_module" else nn.Module()
        parameters = sum(p.numel() for p in layer.parameters())
        if parameters or (window and window.kernel != (1, 1)):
            called = n.op == "call_module"
            row = LayerCost(
                str(n.target) if called else n.name,
                type(layer).__name__ if called else str(getattr(n.target, "__name__", n.target)),
                tuple(result.shape[1:]),
                window.kernel if window else (),
                parameters,
                parameters if self.trainable else 0,
                sum(map(moving_statistics, layer.modules())),
                _multiply_adds(layer, result),
                self.fields[n].size,
            )
            self.rows.append(row)
        return result


def _multiply_adds(module: nn.Module, output: Tensor) -> int:
    if isinstance(module, nn.Conv2d):
        return module.weight.numel() * output.shape[2] * output.shape[3]
    return module.weight.numel() if isinstance(module, nn.Linear) else 0


def moving_statistics(module: nn.Module) -> int:
    """Number of moving means and variances that a normalization keeps; counters are not counted."""
    return sum(b.numel() for b in module.buffers(recurse=False) if b.ndim)
