"""Descriptors in a byte an entry, as SIFT is kept: a quarter of the space of float32."""

import numpy as np

#: Steps to one: entries of a SIFT descriptor of unit length rarely pass 0.5 (Lowe's and
#: VLFeat's convention).
STEPS = 512


def quantise(descriptors: np.ndarray) -> np.ndarray:
    """uint8 array of the same shape: round(512 x), at most 255.

    Entries up to 255.5 / 512 come back within 1 / 1024, larger ones as 255 / 512, negative ones
    are refused.

    Args:
        descriptors: non-negative floats, rows of unit length or zero (SIFT, RootSIFT).

    Raises:
        ValueError: an entry is negative or not a number.
    """
    out = np.empty(descriptors.shape, np.uint8)
    for start in range(0, len(descriptors), 8192):  # bounded temporaries, in the cache
        block = descriptors[start : start + 8192]
        if not np.all(block >= 0):
            raise ValueError("Only descriptors without negative entries can be kept in bytes.")
        steps = block * np.float32(STEPS)
        np.rint(steps, out=steps)
        np.minimum(steps, 255, out=steps)
        out[start : start + 8192] = steps
    return out


def dequantise(stored: np.ndarray) -> np.ndarray:
    """float32 array of the same shape from what `quantise` gave."""
    return stored * np.float32(1 / STEPS)
