"""Descriptors in a byte an entry, as SIFT is kept: a quarter of the space of float32."""

import numpy as np

from strata._compiled import compiled

#: Steps to one: entries of a SIFT descriptor of unit length rarely pass 0.5 (Lowe's and
#: VLFeat's convention).
STEPS = 512

_INFINITY, _MINUS_ZERO = np.uint32(0x7F800000), np.uint32(0x80000000)  # bits of float32


def quantize(descriptors: np.ndarray) -> np.ndarray:
    """uint8 array of the same shape: round(512 x), at most 255.

    Entries up to 255.5 / 512 come back within 1 / 1024, larger ones as 255 / 512, negative ones
    are refused.

    Args:
        descriptors: non-negative floats, rows of unit length or zero (SIFT, RootSIFT).

    Raises:
        ValueError: an entry is negative or not a number.
    """
    floats = np.ascontiguousarray(descriptors, np.float32)
    out = np.empty(floats.shape, np.uint8)
    if not _to_steps(floats.ravel(), floats.view(np.uint32).ravel(), out.ravel()):
        raise ValueError("Only descriptors without negative entries can be kept in bytes.")
    return out


@compiled
def _to_steps(floats: np.ndarray, bits: np.ndarray, steps: np.ndarray) -> bool:
    """Whether all are numbers from zero on (by their bits); then `steps` holds them."""
    bad = 0
    for i in range(len(floats)):
        scaled = min(floats[i] * np.float32(STEPS), np.float32(255))
        steps[i] = np.uint8(np.int32(np.rint(scaled)))
    for i in range(len(bits)):
        bad |= (bits[i] > _INFINITY) & (bits[i] != _MINUS_ZERO)
    return bad == 0


def dequantize(stored: np.ndarray) -> np.ndarray:
    """float32 array of the same shape from what `quantize` gave."""
    return stored * np.float32(1 / STEPS)
