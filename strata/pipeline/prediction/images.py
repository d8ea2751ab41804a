"""Images as they are given in Python: paths, Pillow images, arrays, in any mixture."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from strata.errors import InputError, short
from strata.image_io import Extent, Range, decode, read_content
from strata.pipeline.prediction.batch import MAX_IMAGES, ImageBatch, in_batches

#: Images as `batches_of` takes them: paths, PIL images, arrays; a Pillow image has no type here,
#: so that Pillow is not loaded for it.
Images = Iterable[Any]

#: Range of the values of images whose files do not state it, by kind.
Ranges = Mapping[str, Range]

_ACCEPTED = (
    "An image is a path, a PIL image, or a uint8 array of shape (H, W, 3) or (H, W); images are a "
    "list of these, or an array of shape (N, H, W, 3)."
)


def batches_of(images: Images, ranges: Ranges, most: int = MAX_IMAGES) -> Iterator[ImageBatch]:
    """Batches of images, see `in_batches`.

    Args:
        images: an iterable of paths, PIL images of any mode, uint8 arrays (H, W, 3), RGB, or
            (H, W), or some of each; or a uint8 array (N, H, W, 3).
        ranges: of the data set's images.
        most: images in a batch.

    Raises:
        InputError: one image in the place of several; something that is no image.
        ImageError: a file that cannot be read.
    """
    return in_batches(pixels_of(images, ranges), most)


def pixels_of(images: Images, ranges: Ranges) -> Iterator[np.ndarray]:
    """Pixels (H, W, 3) uint8 of each of some images, see `batches_of`."""
    _refuse_single(images)
    if not isinstance(images, Iterable):  # untyped callers
        raise InputError(f"{type(images).__name__} is no list of images.", _ACCEPTED)
    for number, image in enumerate(images):
        yield _pixels(image, f"images[{number}]", ranges)


def read_file(path: str | Path, ranges: Ranges) -> tuple[np.ndarray, Extent | None]:
    """Decode a file as the training images were: values without a stated range by the data set's.

    Returns:
        (H, W, 3) uint8; and the extent of the values, None where the file states their range.

    Raises:
        ImageError: the file cannot be read.
    """
    data = read_content(Path(path))
    image, extent = decode(data, str(path))
    if extent is not None and extent.kind in ranges:
        image, _ = decode(data, str(path), ranges[extent.kind])
    return image, extent


def _refuse_single(images: Any) -> None:
    """Refuse one image in the place of several: its rows, or its path's letters, are no images."""
    if isinstance(images, np.ndarray):
        one = images.dtype.kind not in "OU" and (images.ndim == 2 or images.shape[2:] == (3,))
        if images.ndim not in (1, 4) and not one:
            raise InputError(f"An array of shape {images.shape} holds no images.", _ACCEPTED)
    else:
        one = isinstance(images, str | bytes | os.PathLike) or _is_pillow(images)
    if one:
        raise InputError(
            f"Expected a list of images, not one image ({_described(images)}).",
            "Put it into a list: [image].",
        )


def _pixels(image: Any, name: str, ranges: Ranges) -> np.ndarray:
    if isinstance(image, str | os.PathLike):
        return read_file(os.fspath(image), ranges)[0]
    if _is_pillow(image):
        from strata.image_io.pillow_image import pillow_pixels

        return pillow_pixels(image, name, ranges)
    if not isinstance(image, np.ndarray):
        raise InputError(f"{name} is {short(image)}, which is no image.", _ACCEPTED)
    if image.dtype != np.uint8:
        raise InputError(
            f"{name} is an array of {image.dtype}, but pixels are uint8, from 0 to 255.",
            "Values from 0 to 1: (255 * image).round().astype('uint8'). 16 bits: give the path of "
            "the file, or PIL.Image.fromarray(image), scaled as the training images were.",
        )
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)) or not image.size:
        raise InputError(f"{name} is an array of shape {image.shape}.", _hint(image.shape))
    rgb = image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)
    return np.ascontiguousarray(rgb)


def _is_pillow(image: Any) -> bool:
    """Test for a PIL image, without importing Pillow for it."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(image, pillow.Image)


def _described(image: Any) -> str:
    return f"an array of shape {image.shape}" if isinstance(image, np.ndarray) else short(image)


def _hint(shape: tuple[int, ...]) -> str:
    """Remedy for an array of a shape that no image has."""
    if len(shape) == 3 and shape[2] == 4:
        return "PIL.Image.fromarray(image) puts RGBA on white."
    if len(shape) == 3 and shape[2] == 1:
        return "Gray: image[:, :, 0]."
    if len(shape) == 3 and shape[0] in (1, 3):
        return "Channels come last: image.transpose(1, 2, 0)."
    return _ACCEPTED
