"""Receptive fields: the pixels of the image that one unit of a map can depend on.

Fields are propagated from layer to layer: a window of k pixels widens a field by (k - 1) times the
distance, in pixels of the image, between neighboring units; branches and skip connections have the
hull of their inputs. A field may be larger than the image: it reaches into the border. Statistics
over all positions are not counted: those of normalizations, and the means in the gates of
squeeze-and-excitation.
"""

import operator
from functools import reduce
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from strata.models.architectures.blocks import Subsample


class Extent(NamedTuple):
    """Field along one axis: pixels from `first` to `last` of the first unit, `step` to the next.

    The border's padding counts, so `first` may be negative.
    """

    first: int = 0
    last: int = 0
    step: int = 1

    @property
    def size(self) -> int:
        """Number of pixels."""
        return self.last - self.first + 1

    def through(self, kernel: int, stride: int, padding: int, dilation: int) -> "Extent":
        """The field after a window of `kernel` units."""
        before, across = padding * self.step, (kernel - 1) * dilation * self.step
        return Extent(self.first - before, self.last - before + across, self.step * stride)

    def joined(self, other: "Extent") -> "Extent":
        """The hull of two fields."""
        return Extent(
            min(self.first, other.first), max(self.last, other.last), max(self.step, other.step)
        )


class Field(NamedTuple):
    """Receptive field of the first unit of a map, along height and width."""

    y: Extent = Extent()
    x: Extent = Extent()

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, pixels."""
        return self.y.size, self.x.size

    def joined(self, other: "Field") -> "Field":
        """The hull of two fields."""
        return Field(self.y.joined(other.y), self.x.joined(other.x))

    @classmethod
    def whole(cls, height: int, width: int) -> "Field":
        """The field of a unit that depends on the whole image."""
        return cls(Extent(0, height - 1, height), Extent(0, width - 1, width))


class Window(NamedTuple):
    """Window of a convolution or of pooling: (height, width) each."""

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    def of(self, field: Field) -> Field:
        """The receptive field behind this window."""
        axes = zip(field, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        return Field(*(extent.through(*window) for extent, *window in axes))


def window_of(module: nn.Module) -> Window | None:
    """The window of a convolution or of pooling; None for other layers."""
    if isinstance(module, Subsample):
        return Window((1, 1), _pair(module.stride))
    if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        padding = module.padding if not isinstance(module.padding, str) else 0
        dilation = getattr(module, "dilation", 1)
        stride = module.stride or module.kernel_size
        return Window(*map(_pair, (module.kernel_size, stride, padding, dilation)))
    return None


class FieldInterpreter(fx.Interpreter):
    """Interpreter of a graph that keeps the receptive field of each node.

    Args:
        module: a graph, or a module that can be traced; see `traced`.
        start: field of the inputs' units.
        image: height and width of the image, pixels.

    Attributes:
        fields: by node, after `run`.
        output_field: of the (first) output.
    """

    def __init__(self, module: nn.Module, start: Field, image: tuple[int, int]) -> None:
        super().__init__(traced(module))
        self.start, self.image = start, image
        self.fields: dict[fx.Node, Field] = {}

    def run_node(self, n: fx.Node) -> Any:
        """Compute a node and its field."""
        result = super().run_node(n)
        inputs = [self.fields[node] for node in n.all_input_nodes if node in self.fields]
        if n.op == "placeholder":
            self.fields[n] = self.start
        elif n.op == "output":
            self.output_field = inputs[0]
        elif inputs:
            self.fields[n] = self._after(n, inputs, result)
        return result

    def _after(self, node: fx.Node, inputs: list[Field], result: Any) -> Field:
        window = self.window(node)
        if window is not None:
            return window.of(inputs[0])
        if node.target in (operator.mul, torch.mul, "mul"):  # by a gate
            return min(inputs, key=lambda field: field.size)
        if isinstance(result, Tensor) and (result.dim() < 4 or result.shape[2:] == (1, 1)):
            return Field.whole(*self.image)
        return reduce(Field.joined, inputs)

    def window(self, node: fx.Node) -> Window | None:
        """The window of a node that is a convolution or pools; None for others."""
        if node.op == "call_module":
            return window_of(self.fetch_attr(str(node.target)))
        if node.target in (functional.max_pool2d, functional.avg_pool2d, torch.max_pool2d):
            names = ("kernel_size", "stride", "padding")
            given = dict(zip(names, node.args[1:], strict=False)) | node.kwargs
            size = given["kernel_size"]
            return Window(*map(_pair, (size, given.get("stride") or size, given.get("padding", 0))))
        return None


class _Tracer(fx.Tracer):
    """Tracer down to the modules that have no modules inside."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """True where tracing ends."""
        return not any(True for _ in m.children())


def traced(module: nn.Module) -> fx.GraphModule:
    """A module as a graph of its innermost layers."""
    if isinstance(module, fx.GraphModule):
        return module
    return fx.GraphModule(module, _Tracer().trace(module))


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[-1])
