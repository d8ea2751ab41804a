"""Range of the values of an image whose file does not state it, and the scaling to 8 bits.

A file of 16-bit integers may hold the 12 bits of a sensor, one of floats anything. Scaled image by
image, a dark picture would come out as bright as its neighbor; so a data set has one range for its
integers and one for its floats, from the values of all its images (`full_range`).
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np

#: Lowest and highest value, shown as 0 and 255.
Range = tuple[float, float]

#: Bit depths of sensors: the range of integers is that of the smallest which holds them all.
BIT_DEPTHS = (8, 10, 12, 14, 16)


class Extent(NamedTuple):
    """Values of one image whose range the file does not state; infinities and NaN do not count.

    Attributes:
        kind: "integer" or "float".
        low: smallest value.
        high: largest value.
    """

    kind: Literal["integer", "float"]
    low: float
    high: float


def full_range(extents: Iterable[Extent]) -> Range:
    """Range of the values of some images of one kind.

    Integers from 0 have the range of the smallest of `BIT_DEPTHS` that holds them all. Floats from
    0 have the range 0..1, or that of a bit depth, where their largest value lies in its upper half.
    All others have the range of their own values.

    Args:
        extents: of at least one image, all of one kind.
    """
    kinds, lows, highs = zip(*extents, strict=True)
    low, high = min(lows), max(highs)
    tops = [2.0**bits - 1 for bits in BIT_DEPTHS]
    if low >= 0 and kinds[0] == "integer":
        stated = [top for top in tops if high <= top]
    elif low >= 0:
        stated = [top for top in (1.0, *tops) if top / 2 <= high <= top]
    else:
        stated = []
    return (0.0, stated[0]) if stated else (low, high)


def ranges_by_kind(extents: Iterable[Extent]) -> dict[str, Range]:
    """Range of the integers and range of the floats of a data set, of those that there are."""
    kinds: dict[str, list[Extent]] = {}
    for extent in extents:
        kinds.setdefault(extent.kind, []).append(extent)
    return {kind: full_range(found) for kind, found in kinds.items()}


def to_uint8(values: np.ndarray, value_range: Range) -> np.ndarray:
    """Scale values to 0..255, rounded; those outside of the range become 0 or 255, NaN 0.

    Args:
        values: integers or floats, any shape.
        value_range: lowest and highest value.
    """
    low, high = value_range
    scale = 255 / ((high - low) or 1.0)
    if values.dtype == np.uint16:
        table = np.clip(np.rint((np.arange(65536) - low) * scale), 0, 255).astype(np.uint8)
        return table[values]
    scaled = (values.astype(np.float64) - low) * scale
    scaled[~np.isfinite(scaled)] = 0
    return np.rint(np.clip(scaled, 0, 255, out=scaled), out=scaled).astype(np.uint8)


def extent_of(parts: Iterable[np.ndarray]) -> Extent:
    """Extent of an image, given in parts of one dtype; 0..0 where no value is finite."""
    found: list[tuple[float, float]] = []
    kind: Literal["integer", "float"] = "integer"
    for part in parts:
        values = part
        if part.dtype.kind == "f":
            kind, values = "float", part[np.isfinite(part)]
        if values.size:
            found.append((float(values.min()), float(values.max())))
    lows, highs = zip(*found, strict=True) if found else ((0.0,), (0.0,))
    return Extent(kind, min(lows), max(highs))
