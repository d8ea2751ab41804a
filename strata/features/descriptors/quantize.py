"""Quantization of SIFT descriptors to one byte per entry: a quarter of the size of float32."""

import numpy as np

from strata._compiled import compiled

#: Quantization steps in [0, 1]: entries of a SIFT descriptor of unit length rarely pass 0.5
#: (Lowe's and VLFeat's convention).
STEPS = 512

_INFINITY, _MINUS_ZERO = np.uint32(0x7F800000), np.uint32(0x80000000)  # bits of float32


def quantize(descriptors: np.ndarray) -> np.ndarray:
    """Quantize to uint8 of the same shape: round(512 x), at most 255.

    Entries up to 255.5 / 512 are restored to within 1 / 1024, larger ones as 255 / 512.

    Args:
        descriptors: non-negative floats, rows of unit length or zero (SIFT, RootSIFT).

    Raises:
        ValueError: an entry is negative or not a number.
    """
    floats = np.ascontiguousarray(descriptors, np.float32)
    out = np.empty(floats.shape, np.uint8)
    if not _to_steps(floats.ravel(), floats.view(np.uint32).ravel(), out.ravel()):
        raise ValueError(
            "Only descriptors of non-negative numbers can be quantized to bytes, but an entry is "
            "negative or not a number."
        )
    return out


def _to_steps_numpy(floats: np.ndarray, bits: np.ndarray, steps: np.ndarray) -> bool:
    """Quantize to `steps`; returns whether all numbers are non-negative."""
    good = bool((floats >= 0).all())
    if good:
        steps[...] = np.rint(np.minimum(floats * np.float32(STEPS), np.float32(255)))
    return good


@compiled(numpy=_to_steps_numpy)
def _to_steps(floats: np.ndarray, bits: np.ndarray, steps: np.ndarray) -> bool:
    """Quantize to `steps`; returns whether all numbers are non-negative, judged by their bits."""
    bad = 0
    for i in range(len(floats)):
        scaled = min(floats[i] * np.float32(STEPS), np.float32(255))
        steps[i] = np.uint8(np.int32(np.rint(scaled)))
    for i in range(len(bits)):
        bad |= (bits[i] > _INFINITY) & (bits[i] != _MINUS_ZERO)
    return bad == 0


def dequantize(stored: np.ndarray) -> np.ndarray:
    """Restore float32 of the same shape from the uint8 of `quantize`."""
    return stored * np.float32(1 / STEPS)
