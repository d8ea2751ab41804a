"""Dense SIFT in plain NumPy: the reference for the compiled and the torch engine."""

import cv2
import numpy as np

from strata.features.descriptors.sampling_grid import SIDE, SamplingGrid
from strata.features.transforms.normalize import l2, root_sift

ORIENTATIONS = 8

#: Length of a SIFT descriptor.
DIMENSIONS = SIDE * SIDE * ORIENTATIONS

#: Clipping threshold of the entries of a normalized descriptor (Lowe section 6.1).
CLIP = 0.2


def blurred(image: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Convolve rows and columns of a (h, w) image with symmetric taps; edges are replicated."""
    return cv2.sepFilter2D(image, cv2.CV_32F, taps, taps, borderType=cv2.BORDER_REPLICATE)


def orientation_maps(image: np.ndarray) -> np.ndarray:
    """(8, h, w) float32: gradient magnitude, shared between the two nearest orientations.

    Orientation o points o * 45 degrees from +x towards +y, which is down. Gradients are central
    differences, one-sided at the image's edge.
    """
    dy, dx = gradient(image)
    magnitude = np.hypot(dx, dy)
    angle = np.arctan2(dy, dx) * np.float32(ORIENTATIONS / (2 * np.pi)) % ORIENTATIONS
    away = np.abs(angle - np.arange(ORIENTATIONS, dtype=np.float32)[:, None, None])
    near = np.abs(away - ORIENTATIONS / 2) - (ORIENTATIONS / 2 - 1)  # 1 - circular distance
    return magnitude * np.maximum(0, near)


def gradient(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives down and to the right, as `numpy.gradient`; zero along a side of one pixel."""
    dy, dx = (
        np.gradient(image, axis=axis) if image.shape[axis] > 1 else np.zeros_like(image)
        for axis in (0, 1)
    )
    return dy, dx


def bin_weights(centers: np.ndarray, size: int, bin_size: int) -> np.ndarray:
    """(m, size) float32: weight of each pixel in the triangular bin around each of m centers."""
    away = np.abs(np.arange(size) - centers.reshape(-1, 1))
    return np.maximum(0, 1 - away / bin_size).astype(np.float32)


def histograms(image: np.ndarray, taps: np.ndarray, grid: SamplingGrid) -> np.ndarray:
    """(n, 4, 4, 8) float32: orientation histograms (y bin, x bin, orientation) of each center.

    Args:
        image: (h, w) float32.
        taps: odd number of symmetric smoothing weights that sum to one.
        grid: the centers; pixels outside the image contribute nothing.
    """
    height, width = image.shape
    maps = orientation_maps(blurred(image, taps))
    down = bin_weights(grid.y.bin_centers(grid.bin_size), height, grid.bin_size)
    along = bin_weights(grid.x.bin_centers(grid.bin_size), width, grid.bin_size)
    sums = (down @ maps) @ along.T
    split = sums.reshape(ORIENTATIONS, grid.y.count, SIDE, grid.x.count, SIDE)
    return split.transpose(1, 3, 2, 4, 0).reshape(len(grid), SIDE, SIDE, ORIENTATIONS)


def normalize(rows: np.ndarray, min_sum: float, root: bool) -> np.ndarray:
    """(n, 128) float32 descriptors of unit length, or zero, from weighted histograms.

    A row whose sum is below `min_sum` becomes zero. The others are L2-normalized and clipped at
    0.2; then L2-normalized again or, with `root`, turned into RootSIFT.
    """
    kept = (rows.sum(axis=1, keepdims=True) >= min_sum) & rows.any(axis=1, keepdims=True)
    rows = np.minimum(l2(rows), np.float32(CLIP))
    return (root_sift(rows) if root else l2(rows)) * kept


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

    Args:
        channel: (h, w) float32.
        grid: the centers.
        taps: odd number of symmetric smoothing weights, float32.
        window: (4, 4) float32 weights of the spatial bins.
        min_sum: descriptors whose weighted histograms sum to less become zero.
        root: RootSIFT.
        out: (n, at least column + 128) float32, a row for each center.
        column: first column that is written.
    """
    weighted = histograms(channel, taps, grid) * window[:, :, None]
    rows = normalize(weighted.reshape(-1, DIMENSIONS), min_sum, root)
    out[:, column : column + DIMENSIONS] = rows
