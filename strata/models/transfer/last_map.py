"""The last feature map on the way to a network's outputs or scores, for Grad-CAM."""

import math
from itertools import takewhile
from typing import Any

import torch
from torch import Tensor, fx

from strata.models.transfer.subgraph import is_channels_last


def from_last_map(
    subgraph: fx.GraphModule, inputs: Tensor
) -> tuple[Tensor, tuple[Tensor, ...]] | None:
    """The last map of a subgraph, and the subgraph's outputs as differentiable functions of it.

    The last map is the last output with more than one position that the subgraph's last output
    depends on: that output itself, or the one before the pooling, flattening or linear layers that
    end there. Of vision transformers these are the last tokens that count, laid out as the grid of
    patches that they stand for: with a class token, those that enter the last attention. Outputs
    that are computed before the last map are constants.

    Args:
        subgraph: in evaluation mode, as `subgraph.extract_subgraph` makes it.
        inputs: (b, ...), the subgraph's input, of square images.

    Returns:
        maps (b, channels, h', w') that require a gradient, and the outputs; None if no output has
        more than one position.
    """
    some = inputs[:2].clone()
    with torch.no_grad():
        values = _Values(subgraph)
        values.run(some)
    candidates = _candidates(subgraph, values.shapes, len(some))
    target = next((n for n in candidates if values.found[n].ndim == 4 or _counts(values, n)), None)
    del values
    if target is None:
        return None
    reader = _From(subgraph, target)
    with torch.no_grad():
        outputs = reader.run(inputs.clone())
    assert reader.maps is not None
    return reader.maps, outputs


def _candidates(
    subgraph: fx.GraphModule, shapes: dict[fx.Node, torch.Size], images: int
) -> list[fx.Node]:
    """The last map on the path to the last output; before it in the list, later tokens, last first.

    Tokens are taken where they are as wide as at the end: not inside attentions and perceptrons.
    """
    nodes = list(subgraph.graph.nodes)
    (ends,) = nodes[-1].args
    path: set[fx.Node] = set()
    waiting = [max(ends, key=nodes.index)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, fx.Node) and node not in path:
            path.add(node)
            waiting += node.all_input_nodes
    placed = [
        n for n in nodes
        if n in path and shapes.get(n, ())[:1] == (images,) and _is_placed(shapes[n])
    ]  # fmt: skip
    tokens = [node for node in placed if len(shapes[node]) == 3]
    counts = {shapes[node][1] for node in tokens}  # a matrix of attention is no map
    maps = [n for n in placed if len(shapes[n]) == 4 and _grid(shapes[n])[0] not in counts]
    later = [n for n in tokens if not maps or nodes.index(n) > nodes.index(maps[-1])]
    wide = [node for node in later if shapes[node][2] == shapes[later[-1]][2]]
    return [*reversed(wide), *maps[-1:]]


def _counts(values: "_Values", node: fx.Node) -> bool:
    """True if the last output depends on tokens besides the class token that a node gives."""
    first, *_ = values.found.values()
    before = takewhile(lambda n: n is not node, values.graph.nodes)
    assert isinstance(values.module, fx.GraphModule)
    reader = _From(values.module, node)
    with torch.no_grad():
        outputs = reader.run(first, initial_env={n: values.found[n] for n in before})
    assert reader.maps is not None
    last = max((x for x in outputs if x.requires_grad), key=lambda x: x.numel(), default=None)
    if last is None:
        return False
    weights = torch.linspace(1, 2, last.numel()).view_as(last)  # a normalized sum has no gradient
    (gradient,) = torch.autograd.grad((last * weights).sum(), reader.maps, allow_unused=True)
    return gradient is not None and bool(gradient.any())


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


def _is_placed(shape: torch.Size) -> bool:
    """True for maps of square images, and tokens of a square grid, with more than one place."""
    rows, columns = _grid(shape) if len(shape) in (3, 4) else (0, 0)
    return rows == columns > 1


class _Values(fx.Interpreter):
    """Interpreter that keeps every node's output."""

    def __init__(self, subgraph: fx.GraphModule) -> None:
        super().__init__(subgraph)
        self.found: dict[fx.Node, Any] = {}

    def run_node(self, n: fx.Node) -> Any:
        """Compute a node."""
        self.found[n] = super().run_node(n)
        return self.found[n]

    @property
    def shapes(self) -> dict[fx.Node, torch.Size]:
        """Shape of each node's output."""
        return {n: value.shape for n, value in self.found.items() if isinstance(value, Tensor)}


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
