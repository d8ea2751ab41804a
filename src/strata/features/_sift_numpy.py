"""Dense SIFT histograms in plain NumPy: the reference beside the compiled kernel."""

import numpy as np

from strata.features.grid import Grid

ORIENTATIONS = 8


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
    angle = np.arctan2(dy, dx) * np.float32(ORIENTATIONS / (2 * np.pi))
    away = np.abs(angle - np.arange(ORIENTATIONS, dtype=np.float32)[:, None, None])
    away = np.minimum(away % ORIENTATIONS, -away % ORIENTATIONS)
    return magnitude * np.maximum(0, 1 - away)


def gradient(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives down and to the right, as `numpy.gradient`, zero along a side of one pixel."""
    dy, dx = (
        np.gradient(image, axis=axis) if image.shape[axis] > 1 else np.zeros_like(image)
        for axis in (0, 1)
    )
    return dy, dx


def tents(centres: np.ndarray, size: int, bin_size: int) -> np.ndarray:
    """(m, size) float32: weight of each pixel in a bin of triangular shape at each centre."""
    away = np.abs(np.arange(size) - centres.reshape(-1, 1))
    return np.maximum(0, 1 - away / bin_size).astype(np.float32)


def histograms(image: np.ndarray, taps: np.ndarray, grid: Grid) -> np.ndarray:
    """(n, 4, 4, 8) float32: orientation histograms (y bin, x bin, orientation) of each centre.

    Args:
        image: (h, w) float32.
        taps: odd number of symmetric smoothing weights that sum to one.
        grid: the centres; nothing outside the image contributes.
    """
    height, width = image.shape
    maps = orientation_maps(blurred(image, taps))
    down = tents(grid.y.bin_centres(grid.bin_size), height, grid.bin_size)
    along = tents(grid.x.bin_centres(grid.bin_size), width, grid.bin_size)
    sums = (down @ maps) @ along.T
    split = sums.reshape(ORIENTATIONS, grid.y.count, 4, grid.x.count, 4)
    return split.transpose(1, 3, 2, 4, 0).reshape(len(grid), 4, 4, ORIENTATIONS)
