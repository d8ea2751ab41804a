"""Layer table of the trained part of a pretrained network, with its new head."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import fx, nn
from torch.utils.flop_counter import FlopCounterMode

from strata.models.architectures.flops import LayerCost, moving_statistics
from strata.models.architectures.receptive_field import Field, FieldInterpreter
from strata.models.transfer.backbones import outline
from strata.models.transfer.subgraph import IMAGES, extract_subgraph, global_pool


def layer_table(
    backbone: str,
    begin: str,
    ends: Sequence[str],
    image_size: int,
    num_classes: int,
    *,
    trainable: bool,
) -> list[LayerCost]:
    """Rows of the layers with parameters, and of those that pool, between nodes, and of the head.

    Nothing is computed. The receptive field of what follows attention is the whole image, also
    where attention is confined to windows.

    Args:
        backbone: a classification network of torchvision.
        begin, ends: nodes as in `subgraph.extract_subgraph`.
        image_size: width and height of the images, pixels.
        num_classes: outputs of the linear head on the ends' pooled outputs.
        trainable: False if the head alone is trained.
    """
    network, size = outline(backbone), (image_size, image_size)
    images = torch.empty(1, 3, *size, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        before = _Reader(extract_subgraph(network, IMAGES, [begin]), Field(), size, counter, False)
        (inputs,) = before.run(images)
        part = extract_subgraph(network, begin, ends)
        reader = _Reader(part, before.output_field, size, counter, trainable)
        outputs = reader.run(inputs)
    weights = sum(global_pool(output).shape[1] for output in outputs) * num_classes
    parameters = weights + num_classes
    head = ("scores", "Linear", (num_classes,), (), parameters, parameters, 0, weights, size)
    return [*reader.rows, LayerCost(*head)]


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
