"""Images to local descriptors, kept as bytes: 6,000 a photograph would fill disks as floats."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from strata.pipeline.shards import PerImage, Shards
from strata.pipeline.stage import shard_stage

if TYPE_CHECKING:
    import numpy as np

    from strata.features.local import LocalDescriptors


@shard_stage
def dense_sift(
    images: "Iterable[np.ndarray]",
    *,
    step: int = 6,
    bins: tuple[int, ...] = (4, 6, 8, 12),
    root: bool = True,
    contrast: float = 0.005,
    colour: Literal["grey", "opponent", "rgb"] = "grey",
) -> dict[str, Any]:
    """Dense SIFT of each image; parameters as of `strata.features.dense_sift.DenseSIFT`."""
    from strata.features.dense_sift import DenseSIFT

    return packed(
        map(
            DenseSIFT(step=step, bins=bins, root=root, contrast=contrast, colour=colour).describe,
            images,
        )
    )


def packed(described: "Iterable[LocalDescriptors]") -> dict[str, Any]:
    """The descriptors of all images end to end, with where each image's begin."""
    import numpy as np

    from strata.features.quantise import quantise

    rows = [(quantise(d.descriptors), d.positions, d.scales) for d in described]
    counts = [len(descriptors) for descriptors, _, _ in rows]
    return {
        "descriptors": np.concatenate([d for d, _, _ in rows]),
        "positions": np.concatenate([p for _, p, _ in rows]),
        "scales": np.concatenate([s for _, _, s in rows]),
        "offsets": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    }


def unpacked(artifact: Mapping[str, Any], row: int) -> "LocalDescriptors":
    """The local descriptors of one image."""
    drawable = _drawable(artifact, row)
    return drawable._replace(descriptors=drawable.descriptors[:])


def _drawable(artifact: Mapping[str, Any], row: int) -> "LocalDescriptors":
    from strata.features.local import LocalDescriptors

    begin, end = artifact["offsets"][row : row + 2]
    return LocalDescriptors(
        _Octets(artifact["descriptors"][begin:end]),  # type: ignore[arg-type]
        artifact["positions"][begin:end],
        artifact["scales"][begin:end],
    )


class _Octets:
    """Descriptors kept as bytes, turned into floats row by row as they are asked for.

    Sampling takes a few rows of every image; the floats of all of them would not fit in memory.
    """

    def __init__(self, octets: "np.ndarray") -> None:
        self._octets = octets

    def __len__(self) -> int:
        return len(self._octets)

    def __getitem__(self, rows: Any) -> "np.ndarray":
        from strata.features.quantise import dequantise

        return dequantise(self._octets[rows])


def of_shard(local: Mapping[str, Any]) -> PerImage:
    """The local descriptors of each image of a shard."""
    return PerImage(len(local["offsets"]) - 1, lambda row: unpacked(local, row))


def of_subset(local: Shards, digests: tuple[str, ...]) -> PerImage:
    """The local descriptors of any images, in any order, to draw samples from."""
    return PerImage(len(digests), lambda number: _drawable(*local.place(digests[number])))
