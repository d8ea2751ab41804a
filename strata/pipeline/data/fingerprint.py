"""Fingerprint of an image for duplicate detection: pixel digest, perceptual hash, thumbnail."""

import base64
import hashlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


#: Side of the gray thumbnail, in pixels.
THUMBNAIL = 24


class Fingerprint(NamedTuple):
    """Fingerprint of one image.

    Attributes:
        pixels: hex digest of shape and pixels (sha256, first 32 digits); equal for lossless
            re-encodings.
        phash: 64-bit perceptual hash: signs of low DCT frequencies (OpenCV's PHash).
        thumbnail: gray, `THUMBNAIL` x `THUMBNAIL` uint8, base64.
    """

    pixels: str
    phash: int
    thumbnail: str


def fingerprint(image: np.ndarray) -> Fingerprint:
    """Compute the fingerprint of an RGB image, uint8 (H, W, 3).

    Hash and thumbnail are computed from area averages: OpenCV's PHash by itself samples the image
    at 32 x 32 points, and a picture at half size would get a different hash.
    """
    import cv2

    cv2.setNumThreads(1)
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA)
    thumbnail = cv2.resize(small, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    pixels = hashlib.sha256(repr(image.shape).encode())
    pixels.update(np.ascontiguousarray(image).data)
    return Fingerprint(
        pixels.hexdigest()[:32],
        int.from_bytes(cv2.img_hash.pHash(small).tobytes(), "big"),
        base64.b64encode(thumbnail.tobytes()).decode(),
    )


def thumbnails(encoded: "Sequence[str]") -> np.ndarray:
    """Decode base64 thumbnails to uint8 (n, THUMBNAIL, THUMBNAIL)."""
    joined = b"".join(map(base64.b64decode, encoded))
    return np.frombuffer(joined, np.uint8).reshape(-1, THUMBNAIL, THUMBNAIL)
