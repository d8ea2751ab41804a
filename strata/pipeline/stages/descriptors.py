"""Images to local descriptors: dense and sparse SIFT, SURF, DAISY, color statistics.

A photograph of twelve megapixels has a hundred times the descriptors of one of 400 x 300, of things
too small to tell scenes or objects by: images of more than max_size x max_size pixels are shrunk.
An image of 8 x 8 pixels is smaller than any descriptor's support: those of fewer than min_size x
min_size pixels are enlarged.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from strata.parameter_types import PositiveInt
from strata.pipeline.graph.decorators import shard_stage
from strata.pipeline.stages.serialize import serialize_float16, serialize_uint8

if TYPE_CHECKING:
    from strata.features.descriptors.base import BaseDescriptor
    from strata.features.descriptors.local_descriptors import LocalDescriptors

    Images = Iterable[np.ndarray]

#: Sides of the squares of as many pixels as an image has at most and at least, where nothing else
#: is said.
MAX_SIZE, MIN_SIZE = 400, 64


def _described(
    descriptor: "BaseDescriptor", images: "Images", max_size: int, min_size: int
) -> "Iterator[LocalDescriptors]":
    """Descriptors of each image, resized where it is too large or too small.

    Scales are in pixels of the original. Where `min_size` is above `max_size`, the latter counts.
    """

    from strata.image_io import downscale

    for image in images:
        resized = _upscale(downscale(image, max_size), min(min_size, max_size))
        found = descriptor.describe(resized)
        ratio = np.float32(max(image.shape[:2]) / max(resized.shape[:2]))
        yield found if resized is image else found._replace(scales=found.scales * ratio)


def _upscale(image: np.ndarray, least: int) -> np.ndarray:
    """Enlarge an image of fewer than least x least pixels in area to as many; bilinear.

    The aspect ratio is kept.
    """
    import cv2

    height, width = image.shape[:2]
    scale = least / (height * width) ** 0.5
    if scale <= 1:
        return image
    size = round(width * scale), round(height * scale)
    return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)


@shard_stage(
    role="local descriptors",
    features="designed",
    estimator="strata.features.descriptors.dense_sift:DenseSIFT",
    supplies=("smoothing", "engine"),
)
def dense_sift(
    images: "Images",
    *,
    mirror: bool = False,
    max_size: PositiveInt = MAX_SIZE,
    min_size: PositiveInt = MIN_SIZE,
    **parameters: Any,
) -> dict[str, Any]:
    """Dense SIFT: descriptors on regular grids.

    Args:
        mirror: describe the mirror image too, in the same set: left and right do not count.
        max_size: images of more than max_size x max_size pixels are shrunk to as many.
        min_size: images of fewer than min_size x min_size pixels are enlarged to as many.
    """
    from strata.features.descriptors.dense_sift import DenseSIFT, mirror_order

    descriptor = DenseSIFT(**parameters)
    local = serialize_uint8(_described(descriptor, images, max_size, min_size))
    return {**local, "mirror": mirror_order(descriptor.color)} if mirror else local


@shard_stage(
    role="local descriptors",
    features="designed",
    estimator="strata.features.descriptors.color_statistics:ColorStatistics",
)
def color_statistics(
    images: "Images",
    *,
    mirror: bool = False,
    max_size: PositiveInt = MAX_SIZE,
    min_size: PositiveInt = MIN_SIZE,
    **parameters: Any,
) -> dict[str, Any]:
    """Means and standard deviations of color channels in cells, on regular grids.

    Args:
        mirror: describe the mirror image too, in the same set: left and right do not count.
        max_size: images of more than max_size x max_size pixels are shrunk to as many.
        min_size: images of fewer than min_size x min_size pixels are enlarged to as many.
    """
    from strata.features.descriptors.color_statistics import ColorStatistics, mirror_order

    local = serialize_float16(_described(ColorStatistics(**parameters), images, max_size, min_size))
    return {**local, "mirror": mirror_order()} if mirror else local


@shard_stage(
    role="local descriptors",
    features="designed",
    estimator="strata.features.descriptors.dense_sift:PaperDenseSIFT",
)
def paper_sift(images: "Images", **parameters: Any) -> dict[str, Any]:
    """Dense SIFT of arXiv:2105.04895, with its choice of steps and sizes."""
    from strata.features.descriptors.dense_sift import PaperDenseSIFT

    return serialize_uint8(map(PaperDenseSIFT(**parameters).describe, images))


@shard_stage(
    role="local descriptors",
    features="designed",
    estimator="strata.features.descriptors.sparse_sift:SparseSIFT",
)
def sparse_sift(
    images: "Images",
    *,
    max_size: PositiveInt = MAX_SIZE,
    min_size: PositiveInt = MIN_SIZE,
    **parameters: Any,
) -> dict[str, Any]:
    """SIFT at its own keypoints.

    Args:
        max_size: images of more than max_size x max_size pixels are shrunk to as many.
        min_size: images of fewer than min_size x min_size pixels are enlarged to as many.
    """
    from strata.features.descriptors.sparse_sift import SparseSIFT

    return serialize_uint8(_described(SparseSIFT(**parameters), images, max_size, min_size))


@shard_stage(
    role="local descriptors",
    features="designed",
    estimator="strata.features.descriptors.surf:SparseSURF",
)
def sparse_surf(
    images: "Images",
    *,
    max_size: PositiveInt = MAX_SIZE,
    min_size: PositiveInt = MIN_SIZE,
    **parameters: Any,
) -> dict[str, Any]:
    """SURF at its own interest points.

    Args:
        max_size: images of more than max_size x max_size pixels are shrunk to as many.
        min_size: images of fewer than min_size x min_size pixels are enlarged to as many.
    """
    from strata.features.descriptors.surf import SparseSURF

    return serialize_float16(_described(SparseSURF(**parameters), images, max_size, min_size))


@shard_stage(
    role="local descriptors",
    features="designed",
    estimator="strata.features.descriptors.surf:DenseSURF",
)
def dense_surf(
    images: "Images",
    *,
    max_size: PositiveInt = MAX_SIZE,
    min_size: PositiveInt = MIN_SIZE,
    **parameters: Any,
) -> dict[str, Any]:
    """SURF on a regular grid.

    Args:
        max_size: images of more than max_size x max_size pixels are shrunk to as many.
        min_size: images of fewer than min_size x min_size pixels are enlarged to as many.
    """
    from strata.features.descriptors.surf import DenseSURF

    return serialize_float16(_described(DenseSURF(**parameters), images, max_size, min_size))


@shard_stage(
    role="local descriptors",
    features="designed",
    estimator="strata.features.descriptors.daisy:DenseDAISY",
)
def dense_daisy(
    images: "Images",
    *,
    max_size: PositiveInt = MAX_SIZE,
    min_size: PositiveInt = MIN_SIZE,
    **parameters: Any,
) -> dict[str, Any]:
    """DAISY on a regular grid.

    Args:
        max_size: images of more than max_size x max_size pixels are shrunk to as many.
        min_size: images of fewer than min_size x min_size pixels are enlarged to as many.
    """
    from strata.features.descriptors.daisy import DenseDAISY

    return serialize_float16(_described(DenseDAISY(**parameters), images, max_size, min_size))


@shard_stage(
    role="local descriptors",
    features="designed",
    estimator="strata.features.descriptors.daisy:SparseDAISY",
)
def sparse_daisy(
    images: "Images",
    *,
    max_size: PositiveInt = MAX_SIZE,
    min_size: PositiveInt = MIN_SIZE,
    **parameters: Any,
) -> dict[str, Any]:
    """DAISY at SIFT keypoints.

    Args:
        max_size: images of more than max_size x max_size pixels are shrunk to as many.
        min_size: images of fewer than min_size x min_size pixels are enlarged to as many.
    """
    from strata.features.descriptors.daisy import SparseDAISY

    return serialize_float16(_described(SparseDAISY(**parameters), images, max_size, min_size))
