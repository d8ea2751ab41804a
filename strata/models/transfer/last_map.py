"""The last feature map on the way to a network's outputs or scores, for Grad-CAM."""

import math
from typing import Any

import torch
from torch import Tensor, fx, nn

from strata.models.transfer.finetune_module import FineTuneModule
from strata.models.transfer.subgraph import is_channels_last


def from_last_map(
    subgraph: fx.GraphModule, inputs: Tensor
) -> tuple[Tensor, tuple[Tensor, ...]] | None:
    """The last map of a subgraph, and the subgraph's outputs as differentiable functions of it.

    The last map is the last output with more than one position that the subgraph's last output
    depends on: that output itself, or the one before the pooling, flattening or linear layers that
    end there. Of vision transformers with a class token it is the input of the last attention, the
    last place where the other tokens count; tokens are laid out as the grid of patches that they
    stand for. Outputs that are computed before the last map are constants.

    Args:
        subgraph: in evaluation mode, as `subgraph.extract_subgraph` makes it.
        inputs: (b, ...), the subgraph's input.

    Returns:
        maps (b, channels, h', w') that require a gradient, and the outputs; None if no output has
        more than one position.
    """
    some = inputs[:2].clone()
    with torch.no_grad():
        shapes = _Shapes(subgraph)
        shapes.run(some)
    target = _last_map(subgraph, shapes.found, len(some))
    if target is None:
        return None
    reader = _From(subgraph, target)
    with torch.no_grad():
        outputs = reader.run(inputs.clone())
    assert reader.maps is not None
    return reader.maps, outputs


def last_map_and_scores(module: FineTuneModule, x: Tensor) -> tuple[Tensor, Tensor] | None:
    """The last map of a fine-tuned network's trained part, and the class scores.

    Args:
        module: in evaluation mode.
        x: (b, channels, h, w), the module's input.

    Returns:
        maps as of `from_last_map`, and scores (b, classes), a differentiable function of them.
    """
    subgraph = module.blocks[0]
    assert isinstance(subgraph, fx.GraphModule)
    with torch.no_grad():
        inputs = module.prepare(x.float())
    found = from_last_map(subgraph, inputs)
    if found is None:
        return None
    maps, outputs = found
    with torch.enable_grad():
        return maps, module.scores_of(*outputs[: module.embedding.n_outputs])


def _last_map(
    subgraph: fx.GraphModule, shapes: dict[fx.Node, torch.Size], images: int
) -> fx.Node | None:
    """The last node of the path to the last output whose output is a map, else tokens."""
    nodes = list(subgraph.graph.nodes)
    (ends,) = nodes[-1].args
    path: set[fx.Node] = set()
    waiting = [max(ends, key=nodes.index)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, fx.Node) and node not in path:
            path.add(node)
            waiting += node.all_input_nodes
    maps, tokens, attended = [], [], []
    for node in nodes:
        shape = shapes.get(node, ())
        if node not in path or len(shape) < 3 or shape[0] != images:
            continue
        if len(shape) == 4 and math.prod(_grid(shape)) > 1:
            maps.append(node)
        elif len(shape) == 3 and math.prod(_grid(shape)) > 1:
            tokens.append(node)
            if any(_is_attention(subgraph, user) for user in node.users):
                attended.append(node)
    if maps and attended:  # the map that patches were cut from, and what became of these
        return max(maps[-1], attended[-1], key=nodes.index)
    return next((found[-1] for found in (maps, attended, tokens) if found), None)


def _is_attention(subgraph: fx.GraphModule, node: fx.Node) -> bool:
    called = node.op == "call_module"
    return called and isinstance(subgraph.get_submodule(str(node.target)), nn.MultiheadAttention)


def _grid(shape: torch.Size) -> tuple[int, int]:
    """Rows and columns of an output; (0, 0) for tokens that are no square grid."""
    if len(shape) == 4:
        return (shape[1], shape[2]) if is_channels_last(shape) else (shape[2], shape[3])
    side = math.isqrt(shape[1])  # without the class token, if there is one
    return (side, side) if shape[1] - side * side in (0, 1) else (0, 0)


def _as_map(output: Tensor) -> Tensor:
    """Maps of any layout, or tokens, as (b, channels, h, w)."""
    rows, columns = _grid(output.shape)
    if output.ndim == 4:
        return output.permute(0, 3, 1, 2) if is_channels_last(output.shape) else output
    patches = output[:, output.shape[1] - rows * columns :]
    return patches.transpose(1, 2).unflatten(2, (rows, columns))


def _restored(maps: Tensor, output: Tensor) -> Tensor:
    """`maps` in place of the values of `output` that `_as_map` took."""
    if output.ndim == 4:
        return maps.permute(0, 2, 3, 1) if is_channels_last(output.shape) else maps
    patches = maps.flatten(2).transpose(1, 2)
    return torch.cat([output[:, : output.shape[1] - patches.shape[1]], patches], 1)


class _Shapes(fx.Interpreter):
    """Interpreter that keeps the shape of every node's output."""

    def __init__(self, subgraph: fx.GraphModule) -> None:
        super().__init__(subgraph)
        self.found: dict[fx.Node, torch.Size] = {}

    def run_node(self, n: fx.Node) -> Any:
        """Compute a node."""
        result = super().run_node(n)
        if isinstance(result, Tensor):
            self.found[n] = result.shape
        return result


class _From(fx.Interpreter):
    """Interpreter that differentiates what follows one node, with respect to its maps."""

    def __init__(self, subgraph: fx.GraphModule, target: fx.Node) -> None:
        super().__init__(subgraph)
        self.target = target
        self.maps: Tensor | None = None

    def run_node(self, n: fx.Node) -> Any:
        """Compute a node."""
        with torch.set_grad_enabled(self.maps is not None):
            result = super().run_node(n)
        if n is not self.target:
            return result
        self.maps = _as_map(result.float()).clone().requires_grad_()
        with torch.enable_grad():
            return _restored(self.maps.clone(), result)  # what follows may compute in place
