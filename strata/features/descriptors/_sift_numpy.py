"""Dense SIFT histograms in plain NumPy: the reference beside the compiled kernel."""

import numpy as np

from strata.features.descriptors.sampling_grid import SIDE, Grid

ORIENTATIONS = 8

DIMENSIONS = SIDE * SIDE * ORIENTATIONS

#: Largest share of one entry in a normalized descriptor (Lowe section 6.1).
CLIP = 0.2


def blurred(image: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Convolve rows and columns of a (h, w) image with symmetric taps; edges are repeated."""
    import cv2

    return cv2.sepFilter2D(image, cv2.CV_32F, taps, taps, borderType=cv2.BORDER_REPLICATE)


def orientation_maps(image: np.ndarray) -> np.ndarray:
    """(8, h, w) float32: gradient magnitude, shared out between the two nearest orientations.

    Orientation o points o * 45 degrees from +x towards +y, which is down. Gradients are central
    differences, one-sided at the image's edge.
    """
    dy, dx = gradient(image)
    magnitude = np.hypot(dx, dy)
    turn = np.arctan2(dy, dx) * np.float32(ORIENTATIONS / (2 * np.pi)) % ORIENTATIONS
    away = np.abs(turn - np.arange(ORIENTATIONS, dtype=np.float32)[:, None, None])
    near = np.abs(away - ORIENTATIONS / 2) - (ORIENTATIONS / 2 - 1)  # 1 - distance on the circle
    return magnitude * np.maximum(0, near)


def gradient(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives down and to the right, as `numpy.gradient`, zero along a side of one pixel."""
    dy, dx = (
        np.gradient(image, axis=axis) if image.shape[axis] > 1 else np.zeros_like(image)
        for axis in (0, 1)
    )
    return dy, dx


def tents(centers: np.ndarray, size: int, bin_size: int) -> np.ndarray:
    """(m, size) float32: weight of each pixel in a bin of triangular shape at each center."""
    away = np.abs(np.arange(size) - centers.reshape(-1, 1))
    return np.maximum(0, 1 - away / bin_size).astype(np.float32)


def histograms(image: np.ndarray, taps: np.ndarray, grid: Grid) -> np.ndarray:
    """(n, 4, 4, 8) float32: orientation histograms (y bin, x bin, orientation) of each center.

    Args:
        image: (h, w) float32.
        taps: odd number of symmetric smoothing weights that sum to one.
        grid: the centers; nothing outside the image contributes.
    """
    height, width = image.shape
    maps = orientation_maps(blurred(image, taps))
    down = tents(grid.y.bin_centers(grid.bin_size), height, grid.bin_size)
    along = tents(grid.x.bin_centers(grid.bin_size), width, grid.bin_size)
    sums = (down @ maps) @ along.T
    split = sums.reshape(ORIENTATIONS, grid.y.count, SIDE, grid.x.count, SIDE)
    return split.transpose(1, 3, 2, 4, 0).reshape(len(grid), SIDE, SIDE, ORIENTATIONS)


def normalize(rows: np.ndarray, faintest: float, root: bool) -> np.ndarray:
    """(n, 128) float32 descriptors of unit length, or zero, from weighted histograms.

    A row whose sum is below `faintest` becomes zero. The others are normalized and clipped at
    0.2; then normalized again or, with `root`, each entry is the root of its share of the sum.
    """
    seen = (rows.sum(axis=1, keepdims=True) >= faintest) & rows.any(axis=1, keepdims=True)
    tiny = np.finfo(np.float32).tiny
    rows = rows / (np.linalg.norm(rows, axis=1, keepdims=True) + tiny)
    rows = np.minimum(rows, np.float32(CLIP))
    if root:
        rows = np.sqrt(rows / (rows.sum(axis=1, keepdims=True) + tiny))
    else:
        rows /= np.linalg.norm(rows, axis=1, keepdims=True) + tiny
    return rows * seen


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

    Args:
        plane: (h, w) float32.
        grid: the centers.
        taps: odd number of symmetric smoothing weights, float32.
        window: (4, 4) float32 weights of the spatial bins.
        faintest: sums of weighted votes below this become a zero descriptor.
        root: RootSIFT.
        out: (n, at least column + 128) float32, a row for each center.
    """
    weighted = histograms(plane, taps, grid) * window[:, :, None]
    rows = normalize(weighted.reshape(-1, DIMENSIONS), faintest, root)
    out[:, column : column + DIMENSIONS] = rows
