"""Descriptors as bytes: a quarter of the memory, at a precision that no codebook notices.

The convention of SIFT's authors and of OpenCV: entries of unit vectors times 512, cut at 255.
Entries of 128-dimensional unit vectors rarely reach one half, so hardly any are cut.
"""

import numpy as np

SCALE = 512


def quantise(descriptors: np.ndarray) -> np.ndarray:
    """Unit-length non-negative descriptors (n, d) float32 as uint8; zero rows stay zero.

    The error of an entry is at most 1/1024 where it is below 255/512.
    """
    return np.minimum(np.rint(descriptors * SCALE), 255).astype(np.uint8)


def dequantise(octets: np.ndarray) -> np.ndarray:
    """The descriptors (n, d) float32 that the bytes stand for."""
    return np.multiply(octets, np.float32(1 / SCALE), dtype=np.float32)
