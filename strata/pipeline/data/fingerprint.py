"""Fingerprint of an image for duplicate detection: pixel digest, perceptual hash, thumbnail."""

import base64
import hashlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


#: Side of the gray thumbnail, in pixels.
THUMBNAIL = 24
#: Bits by which the perceptual hash of an image differs from that of its mirror image: the odd
#: horizontal frequencies, which change their sign.
MIRRORED = 0x5555_5555_5555_5555


class Fingerprint(NamedTuple):
    """Fingerprint of one image.

    Attributes:
        pixels: hex digest of shape and pixels (sha256, first 32 digits); equal for lossless
            re-encodings.
        phash: 64-bit perceptual hash: signs of the 8 x 8 lowest DCT frequencies, row by row from
            the most significant bit; the mean is left out.
        thumbnail: gray, `THUMBNAIL` x `THUMBNAIL` uint8, base64.
    """

    pixels: str
    phash: int
    thumbnail: str


def fingerprint(image: np.ndarray) -> Fingerprint:
    """Compute the fingerprint of an RGB image, uint8 (H, W, 3).

    Hash and thumbnail are computed from area averages, so that a picture at half size gets the
    same ones. Signs, in place of OpenCV's comparison with the mean, let the hash of the mirror
    image be derived (see `MIRRORED`).
    """
    import cv2

    cv2.setNumThreads(1)
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA)
    thumbnail = cv2.resize(small, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    signs = cv2.dct(small.astype(np.float32))[:8, :8] > 0
    signs[0, 0] = False
    pixels = hashlib.sha256(repr(image.shape).encode())
    pixels.update(np.ascontiguousarray(image).data)
    return Fingerprint(
        pixels.hexdigest()[:32],
        int.from_bytes(np.packbits(signs).tobytes(), "big"),
        base64.b64encode(thumbnail.tobytes()).decode(),
    )


def thumbnails(encoded: "Sequence[str]") -> np.ndarray:
    """Decode base64 thumbnails to uint8 (n, THUMBNAIL, THUMBNAIL)."""
    joined = b"".join(map(base64.b64decode, encoded))
    return np.frombuffer(joined, np.uint8).reshape(-1, THUMBNAIL, THUMBNAIL)
