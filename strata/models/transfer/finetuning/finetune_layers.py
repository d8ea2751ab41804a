"""Layer table of a pretrained network: its frozen part, its trained part, its new head."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import fx, nn
from torch.utils.flop_counter import FlopCounterMode

from strata.models.architectures.flops import LayerCost, moving_statistics
from strata.models.architectures.receptive_field import Field, FieldInterpreter
from strata.models.transfer.backbones import outline, preprocessing
from strata.models.transfer.finetuning.lora import lora_parameters, update_size
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
    lora_rank: int = 0,
    head_hidden: Sequence[int] = (),
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
        lora_rank: rank of updates that are trained in place of those layers; 0: none.
        head_hidden: widths of hidden layers of the head.

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
        trained = _Reader(
            after, frozen.output_field, side, counter, trainable=train, lora_rank=lora_rank
        )
        trained.run(boundary)
    rows = [*frozen.rows, *trained.rows]
    if num_classes:
        width = sum(output_widths(backbone, ends))
        rows += _head_rows(width, head_hidden, num_classes, side)
    return rows


def _head_rows(
    width: int, hidden: Sequence[int], num_classes: int, side: tuple[int, int]
) -> list[LayerCost]:
    names = [*(f"head.hidden{n + 1}" for n in range(len(hidden))), "head"]
    sizes = pairwise((width, *hidden, num_classes))
    return [
        LayerCost(name, "Linear", (m,), (), (n + 1) * m, (n + 1) * m, 0, n * m, side)
        for name, (n, m) in zip(names, sizes, strict=True)
    ]


class _Reader(FieldInterpreter):
    """Interpreter that makes a row of each layer it meets."""

    def __init__(
        self,
        module: nn.Module,
        start: Field,
        image: tuple[int, int],
        counter: FlopCounterMode,
        trainable: bool,
        lora_rank: int = 0,
    ) -> None:
        super().__init__(module, start, image)
        self.counter, self.trainable, self.lora_rank = counter, trainable, lora_rank
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
                self._trained(n, layer, counts[0]),
                counts[1],
                multiply_adds,
                self.fields[n].size if n in self.fields else self.image,
            )
            self.rows.append(row)
        return result

    def _trained(self, node: fx.Node, layer: Any, parameters: int) -> int:
        """Number of weights of a layer that are trained, or of its update."""
        if not self.trainable or not self.lora_rank:
            return parameters if self.trainable else 0
        if isinstance(layer, nn.Module):
            return lora_parameters(layer, self.lora_rank)
        is_weight = str(node.target).rpartition(".")[2] == "weight"
        return update_size(layer, self.lora_rank) if is_weight and layer is not None else 0

    def _after(self, node: fx.Node, inputs: list[Field], result: Any) -> Field:
        if "attention" in _function_name(node):
            return Field.whole(*self.image)
        return super()._after(node, inputs, result)


def _statistics(layer: nn.Module) -> int:
    return sum(map(moving_statistics, layer.modules()))


def _function_name(node: fx.Node) -> str:
    return str(getattr(node.target, "__name__", node.target))
