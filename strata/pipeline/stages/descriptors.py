"""Images to local descriptors: dense and sparse SIFT, SURF, DAISY.

A photograph of twelve megapixels has a hundred times the descriptors of one of 400 x 300, of things
too small to tell scenes or objects by: images of more than `largest` x `largest` pixels are shrunk.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from strata.parameter_types import (
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    PositiveInts,
)
from strata.pipeline.graph.stage import shard_stage
from strata.pipeline.stages.serialize import serialize_float16, serialize_uint8

if TYPE_CHECKING:
    import numpy as np

    from strata.features.descriptors.base import BaseDescriptor
    from strata.features.descriptors.local_descriptors import LocalDescriptors

    Images = Iterable[np.ndarray]

#: Side of the square of as many pixels as an image has at most, where nothing else is said.
LARGEST = 400


def _described(
    describer: "BaseDescriptor", images: "Images", largest: int
) -> "Iterator[LocalDescriptors]":
    """The descriptors of each image, shrunk where it is larger; scales in its own pixels."""
    import numpy as np

    from strata.image_io import shrunk

    for image in images:
        small = shrunk(image, largest)
        found = describer.describe(small)
        ratio = np.float32(max(image.shape[:2]) / max(small.shape[:2]))
        yield found if small is image else found._replace(scales=found.scales * ratio)


@shard_stage
def dense_sift(
    images: "Images",
    *,
    step: PositiveInt = 6,
    bins: PositiveInts = (4, 6, 8, 12),
    root: bool = True,
    contrast: float = 0.005,
    color: Literal["gray", "opponent", "rgb"] = "gray",
    mirror: bool = False,
    largest: PositiveInt = LARGEST,
) -> dict[str, Any]:
    """SIFT on regular grids; parameters as in `strata.features.descriptors.dense_sift.DenseSIFT`.

    Args:
        mirror: describe the mirrored image too, in the same set: left and right do not count.
        largest: images of more than largest x largest pixels are shrunk to as many.
    """
    from strata.features.descriptors.dense_sift import DenseSIFT, mirror_order

    describer = DenseSIFT(
        step=step, bin_sizes=bins, root=root, contrast_threshold=contrast, color=color
    )
    local = serialize_uint8(_described(describer, images, largest))
    return {**local, "mirror": mirror_order(color)} if mirror else local


@shard_stage
def color_statistics(
    images: "Images",
    *,
    step: PositiveInt = 8,
    cells: PositiveInts = (4, 6, 8),
    mirror: bool = False,
    largest: PositiveInt = LARGEST,
) -> dict[str, Any]:
    """Local means and deviations of colors, on regular grids.

    Parameters as of `ColorStatistics`; mirror and largest as of
    `dense_sift`.
    """
    from strata.features.descriptors.color_statistics import ColorStatistics, mirror_order

    describer = ColorStatistics(step=step, cell_sizes=cells)
    local = serialize_float16(_described(describer, images, largest))
    return {**local, "mirror": mirror_order()} if mirror else local


@shard_stage
def paper_sift(
    images: "Images", *, step_div: PositiveInt = 20, sizes: PositiveInt = 1
) -> dict[str, Any]:
    """The dense SIFT of arXiv:2105.04895; see `PaperDenseSIFT`."""
    from strata.features.descriptors.dense_sift import PaperDenseSIFT

    return serialize_uint8(map(PaperDenseSIFT(step_div=step_div, n_sizes=sizes).describe, images))


@shard_stage
def sparse_sift(
    images: "Images",
    *,
    keypoints: PositiveInt = 300,
    root: bool = True,
    contrast: NonNegativeFloat = 0.04,
    edge: PositiveFloat = 10.0,
    largest: PositiveInt = LARGEST,
) -> dict[str, Any]:
    """SIFT at its own keypoints; parameters as in `SparseSIFT`."""
    from strata.features.descriptors.sparse_sift import SparseSIFT

    describer = SparseSIFT(
        n_keypoints=keypoints, root=root, contrast_threshold=contrast, edge_threshold=edge
    )
    return serialize_uint8(_described(describer, images, largest))


@shard_stage
def sparse_surf(
    images: "Images",
    *,
    keypoints: PositiveInt = 300,
    threshold: NonNegativeFloat = 0.1,
    octaves: PositiveInt = 4,
    largest: PositiveInt = LARGEST,
) -> dict[str, Any]:
    """SURF at its own interest points; parameters as in `SparseSURF`."""
    from strata.features.descriptors.surf import SparseSURF

    describer = SparseSURF(n_keypoints=keypoints, threshold=threshold, n_octaves=octaves)
    return serialize_float16(_described(describer, images, largest))


@shard_stage
def dense_surf(
    images: "Images",
    *,
    step: PositiveInt = 8,
    scale: PositiveFloat | None = None,
    largest: PositiveInt = LARGEST,
) -> dict[str, Any]:
    """SURF on a regular grid; parameters as in `strata.features.descriptors.surf.DenseSURF`."""
    from strata.features.descriptors.surf import DenseSURF

    describer = DenseSURF(step=step, scale=scale)
    return serialize_float16(_described(describer, images, largest))


@shard_stage
def dense_daisy(
    images: "Images",
    *,
    step: PositiveInt = 8,
    radius: PositiveInt = 15,
    rings: PositiveInt = 3,
    histograms: PositiveInt = 8,
    orientations: PositiveInt = 8,
    largest: PositiveInt = LARGEST,
) -> dict[str, Any]:
    """DAISY on a regular grid; parameters as in `strata.features.descriptors.daisy.DenseDAISY`."""
    from strata.features.descriptors.daisy import DenseDAISY

    describer = DenseDAISY(step, radius, rings, histograms, orientations)
    return serialize_float16(_described(describer, images, largest))


@shard_stage
def sparse_daisy(
    images: "Images",
    *,
    keypoints: PositiveInt = 300,
    radius: PositiveInt = 15,
    rings: PositiveInt = 3,
    histograms: PositiveInt = 8,
    orientations: PositiveInt = 8,
    largest: PositiveInt = LARGEST,
) -> dict[str, Any]:
    """DAISY at SIFT keypoints; parameters as in `strata.features.descriptors.daisy.SparseDAISY`."""
    from strata.features.descriptors.daisy import SparseDAISY

    describer = SparseDAISY(keypoints, radius, rings, histograms, orientations)
    return serialize_float16(_described(describer, images, largest))
