"""Torch modules of what makes vectors of vectors: (n, d) float32 -> (n, d') float32."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


class GraphInput(nn.Module):
    """One of the inputs of a graph, where a chain of modules begins.

    Args:
        number: its place among them.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """The input of that number."""
        return inputs[self.number]


class Affine(nn.Module):
    """(x - shift) / scale of each component.

    Args:
        shift, scale: (d,); None: 0 and 1.
    """

    def __init__(self, shift: Any = None, scale: Any = None) -> None:
        super().__init__()
        self.shift: Tensor | None
        self.scale: Tensor | None
        self.register_buffer("shift", None if shift is None else _float32(shift))
        self.register_buffer("scale", None if scale is None else _float32(scale))

    def forward(self, x: Tensor) -> Tensor:
        """Shift and scale vectors (n, d)."""
        x = x if self.shift is None else x - self.shift
        return x if self.scale is None else x / self.scale


class Scaled(nn.Module):
    """Each component times a factor, which may be 0.

    Args:
        factors: (d,).
    """

    def __init__(self, factors: Any) -> None:
        super().__init__()
        self.factors: Tensor
        self.register_buffer("factors", _float32(factors))

    def forward(self, x: Tensor) -> Tensor:
        """Multiply vectors (n, d)."""
        return x * self.factors


class SignedPower(nn.Module):
    """sign(x) |x|^alpha of each component."""

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(self, x: Tensor) -> Tensor:
        """Power of each component of vectors (n, d)."""
        magnitude = x.abs()
        return x.sign() * (magnitude.sqrt() if self.alpha == 0.5 else magnitude**self.alpha)


class Projection(nn.Module):
    """(x - mean) times a matrix.

    Args:
        mean: (d,).
        directions: (d, d').
        double: compute in float64; directions scaled to a small variance cancel in float32.
    """

    def __init__(self, mean: Any, directions: Any, *, double: bool = False) -> None:
        super().__init__()
        converted = _float64 if double else _float32
        self.mean: Tensor
        self.directions: Tensor
        self.register_buffer("mean", converted(mean))
        self.register_buffer("directions", converted(directions))

    def forward(self, x: Tensor) -> Tensor:
        """Project vectors: (n, d) -> (n, d')."""
        return ((x.to(self.mean.dtype) - self.mean) @ self.directions).float()


class AdditiveMap(nn.Module):
    """Feature map of an additive kernel: square roots, then cosines and sines of logarithms.

    Args:
        heights: of the spectrum, times the period (and 2 but for the first): one a sample.
        period: distance of the samples.
    """

    def __init__(self, heights: Sequence[float], period: float) -> None:
        super().__init__()
        self.heights, self.period = [float(height) for height in heights], period

    def forward(self, x: Tensor) -> Tensor:
        """Map non-negative vectors: (n, d) -> (n, (2 order + 1) d)."""
        logs = torch.where(x > 0, x, torch.ones_like(x)).log()
        parts = [(self.heights[0] * x).sqrt()]
        for number, height in enumerate(self.heights[1:], start=1):
            root, angle = (height * x).sqrt(), number * self.period * logs
            parts += [root * angle.cos(), root * angle.sin()]
        return torch.cat(parts, 1)


class RBFMap(nn.Module):
    """exp(-gamma |x - center|^2) for each of some centers, in float64.

    Args:
        centers: (m, d).
        gamma: inverse width.
        mixing: (m', m) matrix that the m values are multiplied by; None: they are the result.
    """

    def __init__(self, centers: Any, gamma: float, mixing: Any = None) -> None:
        super().__init__()
        self.gamma = float(gamma)
        self.centers: Tensor
        self.mixing: Tensor | None
        self.register_buffer("centers", _float64(centers))
        self.register_buffer("mixing", None if mixing is None else _float64(mixing))

    def forward(self, x: Tensor) -> Tensor:
        """Map vectors: (n, d) -> (n, m) or (n, m')."""
        x, own = x.double(), self.centers.square().sum(1)
        distances = x.square().sum(1, keepdim=True) + own - 2 * x @ self.centers.T
        values = (-self.gamma * distances.clamp(min=0)).exp()
        return (values if self.mixing is None else values @ self.mixing.T).float()


class Concatenation(nn.Module):
    """Vectors of several branches side by side, each of length one times a factor.

    Args:
        branches: modules of the graph's inputs.
        factors: one per branch.
    """

    def __init__(self, branches: Sequence[nn.Module], factors: Sequence[float]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.factors = [float(factor) for factor in factors]

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Concatenated vectors (n, d) for the graph's inputs."""
        parts = [
            factor * _unit(branch(inputs))
            for factor, branch in zip(self.factors, self.branches, strict=True)
        ]
        return torch.cat(parts, 1)


def _unit(x: Tensor) -> Tensor:
    """Vectors (n, d) scaled to length 1; zero vectors stay zero."""
    length = x.square().sum(1, keepdim=True).sqrt()
    return x / torch.where(length > 0, length, torch.ones_like(length))


def _float32(values: Any) -> Tensor:
    return torch.as_tensor(np.array(values), dtype=torch.float32)


def _float64(values: Any) -> Tensor:
    return torch.as_tensor(np.array(values), dtype=torch.float64)
