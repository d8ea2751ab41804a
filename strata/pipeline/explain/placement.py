"""Maps over the central square of an image, placed on the whole image."""

import numpy as np

#: Longest side of a map, and side of its central square at most, in pixels.
LONGEST, SQUARE = 1024, 256


def on_whole_image(square: np.ndarray, height: int, width: int) -> np.ndarray:
    """Map over an image of which a network sees the central square, as `resize_image` crops it.

    Args:
        square: (h, w) over the square; NaN where the network does not look.
        height, width: of the image, in pixels.

    Returns:
        (h', w') float32 over the image, NaN outside of the square.
    """
    import cv2

    side = min(height, width)
    scale = min(1.0, SQUARE / side, LONGEST / max(height, width))
    h, w = (max(1, round(length * scale)) for length in (height, width))
    rows, columns = (_central(length, side, n) for length, n in ((height, h), (width, w)))
    size = (columns.stop - columns.start, rows.stop - rows.start)
    known = np.isfinite(square)
    filled = np.where(known, square, 0).astype(np.float32)
    inner = cv2.resize(filled, size, interpolation=cv2.INTER_LINEAR)
    seen = cv2.resize(known.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    placed = np.full((h, w), np.nan, np.float32)
    placed[rows, columns] = np.where(seen, inner, np.nan)
    return placed


def _central(length: int, side: int, cells: int) -> slice:
    """The central `side` of `length` pixels, in cells of which there are `cells` along all."""
    start = (length - side) // 2
    first = min(round(start * cells / length), cells - 1)
    return slice(first, max(first + 1, round((start + side) * cells / length)))
