"""Records of images in memory, and copies of images, for the tests of duplicates."""

from pathlib import Path

import numpy as np
from PIL import Image

from strata.image_io import read_image
from strata.pipeline.data.fingerprint import fingerprint
from strata.pipeline.data.manifest import ImageRecord
from tests.pipeline.data.folders import encoded


def record(image, name="x", label="a", split=None):
    """The record of an image that is stored without loss under a file of its own."""
    height, width = image.shape[:2]
    traces = fingerprint(np.ascontiguousarray(image))
    return ImageRecord(
        name, Path(name), label, split, width, height, 1, 1, f"{name} {traces.pixels}",
        traces.phash, traces.pixels, traces.thumbnail,
    )  # fmt: skip


def jpeg(image, quality):
    return read_image(encoded(image, "JPEG", quality=quality))


def resized(image, width, height):
    pixels = Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(pixels)


def cropped(image, left, top, right, bottom):
    """Parts of a side cut off."""
    height, width = image.shape[:2]
    return image[
        round(top * height) : round((1 - bottom) * height),
        round(left * width) : round((1 - right) * width),
    ]
