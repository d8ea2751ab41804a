"""Layer table of a pretrained network: its frozen part, its trained part, its new head."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import fx, nn
from torch.utils.flop_counter import FlopCounterMode

from strata.models.architectures.flops import LayerCost, moving_statistics
from strata.models.architectures.receptive_field import Field, FieldInterpreter
from strata.models.transfer.backbones import outline, preprocessing
from strata.models.transfer.subgraph import IMAGES, extract_subgraph
from strata.models.transfer.subgraph_flops import output_widths


def finetune_layers(
    backbone: str,
    freeze_until: str,
    ends: Sequence[str],
    *,
    num_classes: int,
    image_size: int | None = None,
    train: bool = True,
) -> list[LayerCost]:
    """Layers in the order of computation, counted on torch's meta device: nothing is computed.

    The receptive field of what follows attention is the whole image, also where attention is
    confined to windows.

    Args:
        backbone: a classification network of torchvision.
        freeze_until: boundary node: layers up to it are frozen.
        ends: nodes whose pooled outputs are inputs of the head.
        num_classes: number of class scores; 0: no head, of a network that only describes images.
        image_size: width and height of the images, pixels; None: what the network was made for.
        train: True where the layers after the boundary are trained, False where only the head is.

    Raises:
        InputError: no such network or node.
    """
    size = image_size or preprocessing(backbone).image_size
    network, side = outline(backbone, size), (size, size)
    if "transform_input" in vars(network):  # scales channels; its slices are no maps to follow
        vars(network)["transform_input"] = False
    images = torch.empty(1, 3, size, size, device="meta")
    before = extract_subgraph(network, IMAGES, [freeze_until])
    after = extract_subgraph(network, freeze_until, ends)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        frozen = _Reader(before, Field(), side, counter, trainable=False)
        (boundary,) = frozen.run(images)
        trained = _Reader(after, frozen.output_field, side, counter, trainable=train)
        trained.run(boundary)
    rows = [*frozen.rows, *trained.rows]
    if num_classes:
        width = sum(output_widths(backbone, ends))
        weights = (width + 1) * num_classes
        shape = (num_classes,)
        rows.append(
            LayerCost("head", "Linear", shape, (), weights, weights, 0, width * num_classes, side)
        )
    return rows


class _Reader(FieldInterpreter):
    """Interpreter that makes a row of each layer it meets."""

    def __init__(
        self,
        module: nn.Module,
        start: Field,
        image: tuple[int, int],
        counter: FlopCounterMode,
        trainable: bool,
    ) -> None:
        super().__init__(module, start, image)
        self.counter, self.trainable = counter, trainable
        self.rows: list[LayerCost] = []

    def run_node(self, n: fx.Node) -> Any:
        """Compute a node and make its row."""
        flops = self.counter.get_total_flops()
        result = super().run_node(n)
        multiply_adds = (self.counter.get_total_flops() - flops) // 2
        layer = self.fetch_attr(str(n.target)) if n.op in ("call_module", "get_attr") else None
        counts = (0, 0)
        if isinstance(layer, nn.Module):
            counts = sum(p.numel() for p in layer.parameters()), _statistics(layer)
        elif isinstance(layer, nn.Parameter):
            counts = layer.numel(), 0
        window = self.window(n)
        if counts[0] or multiply_adds or (window and window.kernel != (1, 1)):
            output = result[0] if isinstance(result, tuple) else result  # as attention gives
            row = LayerCost(
                str(n.target) if layer is not None else str(n.meta["path"]),
                _function_name(n) if layer is None else type(layer).__name__,
                tuple(output.shape if n.op == "get_attr" else output.shape[1:]),
                window.kernel if window else (),
                counts[0],
                counts[0] if self.trainable else 0,
                counts[1],
                multiply_adds,
                self.fields[n].size if n in self.fields else self.image,
            )
            self.rows.append(row)
        return result

    def _after(self, node: fx.Node, inputs: list[Field], result: Any) -> Field:
        if "attention" in _function_name(node):
            return Field.whole(*self.image)
        return super()._after(node, inputs, result)


def _statistics(layer: nn.Module) -> int:
    return sum(map(moving_statistics, layer.modules()))


def _function_name(node: fx.Node) -> str:
    return str(getattr(node.target, "__name__", node.target))
