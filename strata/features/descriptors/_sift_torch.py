"""Dense SIFT in torch: many images at once, on a GPU where there is one.

The same steps as `_sift_numpy`, for a batch; on a CPU the compiled engine is much faster.
"""

import numpy as np
import torch
from torch.nn import functional

from strata.features.descriptors._sift_numpy import CLIP, DIMENSIONS, ORIENTATIONS, bin_weights
from strata.features.descriptors.sampling_grid import SIDE, SamplingGrid


def blurred(channels: torch.Tensor, taps: torch.Tensor) -> torch.Tensor:
    """Convolve rows and columns of (b, h, w) with symmetric taps; edges are replicated."""
    radius = len(taps) // 2
    padded = functional.pad(channels[:, None], (radius,) * 4, mode="replicate")
    along = functional.conv2d(padded, taps.view(1, 1, 1, -1))
    return functional.conv2d(along, taps.view(1, 1, -1, 1))[:, 0]


def orientation_maps(channels: torch.Tensor) -> torch.Tensor:
    """(b, 8, h, w): gradient magnitude, shared between the two nearest orientations."""
    dy, dx = (
        torch.gradient(channels, dim=axis)[0]
        if channels.shape[axis] > 1
        else torch.zeros_like(channels)
        for axis in (1, 2)
    )
    angle = torch.atan2(dy, dx) * (ORIENTATIONS / (2 * np.pi)) % ORIENTATIONS
    orientations = torch.arange(ORIENTATIONS, dtype=channels.dtype, device=channels.device)
    away = (angle[:, None] - orientations.view(-1, 1, 1)).abs()
    near = (away - ORIENTATIONS / 2).abs() - (ORIENTATIONS / 2 - 1)  # 1 - circular distance
    return torch.hypot(dx, dy)[:, None] * near.clamp_min(0)


def histograms(channels: torch.Tensor, taps: torch.Tensor, grid: SamplingGrid) -> torch.Tensor:
    """(b, n, 4, 4, 8): orientation histograms (y bin, x bin, orientation) of each center."""
    maps = orientation_maps(blurred(channels, taps))
    down, along = (
        torch.from_numpy(bin_weights(axis.bin_centers(grid.bin_size), size, grid.bin_size)).to(maps)
        for axis, size in zip((grid.y, grid.x), channels.shape[1:], strict=True)
    )
    sums = down @ maps @ along.T
    split = sums.view(len(channels), ORIENTATIONS, grid.y.count, SIDE, grid.x.count, SIDE)
    shape = len(channels), len(grid), SIDE, SIDE, ORIENTATIONS
    return split.permute(0, 2, 4, 3, 5, 1).reshape(shape)


def normalize(rows: torch.Tensor, min_sum: float, root: bool) -> torch.Tensor:
    """Descriptors of unit length, or zero, from (..., 128) weighted histograms."""
    tiny = torch.finfo(rows.dtype).tiny
    kept = (rows.sum(-1, keepdim=True) >= min_sum) & rows.any(-1, keepdim=True)
    rows = (rows / (rows.norm(dim=-1, keepdim=True) + tiny)).clamp_max(CLIP)
    if root:
        rows = (rows / (rows.sum(-1, keepdim=True) + tiny)).sqrt()
    else:
        rows = rows / (rows.norm(dim=-1, keepdim=True) + tiny)
    return rows * kept


def descriptors(
    channels: torch.Tensor,
    grid: SamplingGrid,
    taps: np.ndarray,
    window: np.ndarray,
    min_sum: float,
    root: bool,
) -> torch.Tensor:
    """(b, n, 128) descriptors of (b, h, w) float channels, on their device and in their dtype.

    The other arguments are those of `_sift_numpy.describe`.
    """
    weights = torch.from_numpy(window).to(channels)
    sums = histograms(channels, torch.from_numpy(taps).to(channels), grid) * weights[..., None]
    return normalize(sums.reshape(len(channels), len(grid), DIMENSIONS), min_sum, root)


def describe(
    channel: np.ndarray,
    grid: SamplingGrid,
    taps: np.ndarray,
    window: np.ndarray,
    min_sum: float,
    root: bool,
    out: np.ndarray,
    column: int,
) -> None:
    """Write the descriptors of one color channel into out[:, column : column + 128].

    The arguments are those of `_sift_numpy.describe`.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    channels = torch.from_numpy(channel).to(device)[None]
    rows = descriptors(channels, grid, taps, window, min_sum, root)[0]
    out[:, column : column + DIMENSIONS] = rows.cpu().numpy()
