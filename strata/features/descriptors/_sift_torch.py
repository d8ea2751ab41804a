"""Dense SIFT in torch: many images at once, on a GPU where there is one.

The same steps as `_sift_numpy`, for a batch; on a CPU the compiled kernel is much faster.
"""

import numpy as np
import torch
from torch.nn import functional

from strata.features.descriptors._sift_numpy import CLIP, DIMENSIONS, ORIENTATIONS, tents
from strata.features.descriptors.sampling_grid import SIDE, Grid


def blurred(planes: torch.Tensor, taps: torch.Tensor) -> torch.Tensor:
    """Convolve rows and columns of (b, h, w) planes with symmetric taps; edges are repeated."""
    radius = len(taps) // 2
    padded = functional.pad(planes[:, None], (radius,) * 4, mode="replicate")
    along = functional.conv2d(padded, taps.view(1, 1, 1, -1))
    return functional.conv2d(along, taps.view(1, 1, -1, 1))[:, 0]


def orientation_maps(planes: torch.Tensor) -> torch.Tensor:
    """(b, 8, h, w): gradient magnitude, shared out between the two nearest orientations."""
    dy, dx = (
        torch.gradient(planes, dim=axis)[0] if planes.shape[axis] > 1 else torch.zeros_like(planes)
        for axis in (1, 2)
    )
    turn = torch.atan2(dy, dx) * (ORIENTATIONS / (2 * np.pi)) % ORIENTATIONS
    orientations = torch.arange(ORIENTATIONS, dtype=planes.dtype, device=planes.device)
    away = (turn[:, None] - orientations.view(-1, 1, 1)).abs()
    near = (away - ORIENTATIONS / 2).abs() - (ORIENTATIONS / 2 - 1)  # 1 - distance on the circle
    return torch.hypot(dx, dy)[:, None] * near.clamp_min(0)


def histograms(planes: torch.Tensor, taps: torch.Tensor, grid: Grid) -> torch.Tensor:
    """(b, n, 4, 4, 8): orientation histograms (y bin, x bin, orientation) of each center."""
    maps = orientation_maps(blurred(planes, taps))
    down, along = (
        torch.from_numpy(tents(axis.bin_centers(grid.bin_size), size, grid.bin_size)).to(maps)
        for axis, size in zip((grid.y, grid.x), planes.shape[1:], strict=True)
    )
    sums = down @ maps @ along.T
    split = sums.view(len(planes), ORIENTATIONS, grid.y.count, SIDE, grid.x.count, SIDE)
    shape = len(planes), len(grid), SIDE, SIDE, ORIENTATIONS
    return split.permute(0, 2, 4, 3, 5, 1).reshape(shape)


def normalize(rows: torch.Tensor, faintest: float, root: bool) -> torch.Tensor:
    """Descriptors of unit length, or zero, from (..., 128) weighted histograms."""
    tiny = torch.finfo(rows.dtype).tiny
    seen = (rows.sum(-1, keepdim=True) >= faintest) & rows.any(-1, keepdim=True)
    rows = (rows / (rows.norm(dim=-1, keepdim=True) + tiny)).clamp_max(CLIP)
    if root:
        rows = (rows / (rows.sum(-1, keepdim=True) + tiny)).sqrt()
    else:
        rows = rows / (rows.norm(dim=-1, keepdim=True) + tiny)
    return rows * seen


def descriptors(
    planes: torch.Tensor,
    grid: Grid,
    taps: np.ndarray,
    window: np.ndarray,
    faintest: float,
    root: bool,
) -> torch.Tensor:
    """(b, n, 128) descriptors of (b, h, w) float planes, on the planes' device and in their type.

    The other arguments are those of `_sift_numpy.describe`.
    """
    weights = torch.from_numpy(window).to(planes)
    found = histograms(planes, torch.from_numpy(taps).to(planes), grid) * weights[..., None]
    return normalize(found.reshape(len(planes), len(grid), DIMENSIONS), faintest, root)


def describe(
    plane: np.ndarray,
    grid: Grid,
    taps: np.ndarray,
    window: np.ndarray,
    faintest: float,
    root: bool,
    out: np.ndarray,
    column: int,
) -> None:
    """Write the descriptors of one plane into out[:, column : column + 128].

    The arguments are those of `_sift_numpy.describe`.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    planes = torch.from_numpy(plane).to(device)[None]
    rows = descriptors(planes, grid, taps, window, faintest, root)[0]
    out[:, column : column + DIMENSIONS] = rows.cpu().numpy()
