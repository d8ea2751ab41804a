"""Bounds of the memory and the time that reading one image may take, estimated beforehand.

A few bytes can claim a picture of gigabytes, or hundreds of passes over it. So what decoding takes
is estimated from the header, before it begins.
"""

import math
import os
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from strata.errors import InputError

AFFECTS_RESULTS = False  # an image is read or refused

#: Environment variable with a factor by which all limits are raised, 1 where it is not set.
VARIABLE = "STRATA_IMAGE_LIMIT"
#: Bytes of memory that decoding one image may take.
MAX_BYTES = 2**30
#: Number of pixels above which an image counts as a decompression bomb (Pillow's error limit).
MAX_PIXELS = 178_956_970
#: Seconds of processor time that decoding one image may take, at the rate of a slow machine.
MAX_SECONDS = 60

#: Bytes per pixel that decoders hold beside Pillow's picture while they work, measured.
_DECODER_BYTES = {"WEBP": 12, "AVIF": 6, "HEIF": 12, "TIFF": 3}
#: Bytes per sample of the coefficients of a JPEG with several scans.
_COEFFICIENT = 2
#: Seconds per million pixels of each scan of a JPEG, on a slow machine: 0.0003 to 0.0006 measured.
_SCAN_SECONDS = 0.001
#: Bytes per pixel of Pillow's modes; four for all others.
_MODE_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
#: Bytes per pixel that decoding takes at most; and bytes times pixels of a file that is too short
#: to hold many scans, of 10 bytes each at least.
_MOST_BYTES, _MOST_SCAN_WORK = 20, 10 * 1e6 * MAX_SECONDS / _SCAN_SECONDS
#: Marker before each scan, and TIFF tags of the places of strips and tiles.
_START_OF_SCAN, _STRIP_OFFSETS, _TILE_OFFSETS = b"\xff\xda", 273, 324
#: Bytes per pixel of the result.
_RESULT_BYTES = 3


class LimitError(Exception):
    """An image that would take more than is allowed; the text says what, and how to raise it."""


def factor() -> float:
    """Factor of all limits, from the environment.

    Raises:
        InputError: the variable is no positive number.
    """
    text = os.environ.get(VARIABLE) or "1"
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise InputError(
            f"The environment variable {VARIABLE} is '{text}', but it is a positive number.",
            "4 raises the limits of memory and time for reading one image four times.",
        )
    return value


def max_bytes() -> int:
    """Bytes of memory that reading one image may take."""
    return int(MAX_BYTES * factor())


def max_pixels() -> int:
    """Number of pixels that an image may have."""
    return int(MAX_PIXELS * factor())


def too_many_pixels() -> str:
    """Reason of the refusal of an image of too many pixels."""
    return f"has more than the {max_pixels():,} pixels that {VARIABLE} allows"


def reader_version() -> str:
    """Text that differs where an image refused before might be read now."""
    return f"{_decoders()} {factor():g}"


@cache
def _decoders() -> str:
    """Decoders that are installed."""
    return f"{version('pillow')} {find_spec('pillow_heif') is not None}"


def check_limits(opened: Any, data: bytes, images: int = 1) -> None:
    """Refuse an image that would take too much memory or time.

    Args:
        opened: the image, opened but not decoded.
        data: the file's content.
        images: how many pictures of its mode are held at once.

    Raises:
        LimitError: it would.
    """
    width, height = opened.size
    pixels = width * height
    if pixels > max_pixels():
        raise LimitError(f"{too_many_pixels()} ({width} x {height})")
    if pixels * _MOST_BYTES < max_bytes() and len(data) * pixels < _MOST_SCAN_WORK * factor():
        return  # as nearly all, without counting scans
    scans = scan_count(opened, data)
    needed = len(data) + pixels * bytes_per_pixel(opened, scans, images)
    if needed > max_bytes():
        raise LimitError(
            f"takes more memory to decode than the {max_bytes() / 2**30:g} GiB that {VARIABLE} "
            f"allows ({width} x {height} pixels take {needed / 2**30:.1f} GiB: "
            f"{VARIABLE}={math.ceil(needed / MAX_BYTES)})"
        )
    seconds = scans * pixels / 1e6 * _SCAN_SECONDS
    if seconds > MAX_SECONDS * factor():
        raise LimitError(
            f"takes longer to decode than the {MAX_SECONDS * factor():g} seconds that {VARIABLE} "
            f"allows ({scans} scans of {width} x {height} pixels take {seconds:,.0f} seconds: "
            f"{VARIABLE}={math.ceil(seconds / MAX_SECONDS)})"
        )


def bytes_per_pixel(opened: Any, scans: int, images: int = 1) -> int:
    """Bytes of memory per pixel that decoding takes at its peak.

    Args:
        opened: see `check_limits`.
        scans: number of scans of a JPEG; one may be that of a thumbnail.
        images: see `check_limits`.
    """
    decoder = _DECODER_BYTES.get(opened.format or "", 0)
    if opened.info.get("progressive") or scans > 2:
        decoder += _COEFFICIENT * len(opened.getbands())
    return _MODE_BYTES.get(opened.mode, 4) * images + max(decoder, _RESULT_BYTES)


def scan_count(opened: Any, data: bytes) -> int:
    """Number of scans of a JPEG, or of each JPEG strip of a TIFF; 1 for other formats."""
    if opened.format in ("JPEG", "MPO"):
        strips = 1
    elif opened.format == "TIFF" and opened.info.get("compression") == "jpeg":
        tags = opened.tag_v2
        strips = len({*tags.get(_STRIP_OFFSETS, ()), *tags.get(_TILE_OFFSETS, ())})
    else:
        return 1
    return max(1, data.count(_START_OF_SCAN) // max(1, strips))
