"""Serialization of local descriptors: those of a shard of images in a few arrays, and back.

SIFT is kept as bytes: the 6,000 descriptors of a photograph take 0.8 MB that way. Descriptors of
the mirrored image are not kept at all: `mirror` says in what order the entries stand there.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from strata.pipeline.graph.sharded_arrays import PerImage, Shards

if TYPE_CHECKING:
    from strata.features.descriptors.local_descriptors import LocalDescriptors


def serialize_uint8(described: "Iterable[LocalDescriptors]") -> dict[str, Any]:
    """Arrays of descriptors without negative entries, of length one or zero, as uint8."""
    from strata.features.descriptors.quantize import quantize

    return _packed((quantize(d.descriptors), d.positions, d.scales) for d in described)


def serialize_float16(described: "Iterable[LocalDescriptors]") -> dict[str, Any]:
    """Arrays of descriptors of any kind, as float16."""
    return _packed((d.descriptors.astype(np.float16), d.positions, d.scales) for d in described)


def _packed(parts: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> dict[str, Any]:
    """Rows of all images end to end, with the offset of each image's first."""
    rows = list(parts)
    counts = [len(descriptors) for descriptors, _, _ in rows]
    return {
        "descriptors": np.concatenate([d for d, _, _ in rows]),
        "positions": np.concatenate([p for _, p, _ in rows]),
        "scales": np.concatenate([s for _, _, s in rows]),
        "offsets": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    }


def unpacked(artifact: Mapping[str, Any], row: int) -> "LocalDescriptors":
    """Local descriptors of one image."""
    from strata.features.descriptors.local_descriptors import LocalDescriptors

    floats, positions, scales = _parts(artifact, row)
    return LocalDescriptors(floats.whole(), positions, scales)


def of_shard(local: Mapping[str, Any]) -> PerImage:
    """Local descriptors of each image of a shard."""
    return PerImage(len(local["offsets"]) - 1, lambda row: unpacked(local, row))


def of_subset(local: Shards, digests: tuple[str, ...]) -> PerImage:
    """Local descriptors of any images, shard by shard, to draw samples from."""
    ordered = local.by_shard(digests)
    return PerImage(len(ordered), lambda number: _drawable(*local.place(ordered[number])))


def _drawable(artifact: Mapping[str, Any], row: int) -> "LocalDescriptors":
    from strata.features.descriptors.local_descriptors import LocalDescriptors

    return LocalDescriptors(*_parts(artifact, row))  # type: ignore[arg-type]


def _parts(artifact: Mapping[str, Any], row: int) -> "tuple[_Floats, np.ndarray, np.ndarray]":
    """Descriptors, positions and scales of one image."""
    begin, end = artifact["offsets"][row : row + 2]
    kept, scales = artifact["descriptors"][begin:end], artifact["scales"][begin:end]
    positions = artifact["positions"][begin:end]
    order = artifact.get("mirror")
    if order is not None:
        positions = np.concatenate([positions, np.abs(np.array([1, 0], np.float32) - positions)])
        scales = np.concatenate([scales, scales])
    return _Floats(kept, order), positions, scales


class _Floats:
    """Compressed descriptors, turned into float32 for the rows that are indexed.

    Sampling takes a few rows of every image; the floats of all of them would not fit in memory.

    Args:
        kept: (n, d) as in the artifact.
        mirror: (d,) order of the entries in the mirrored image, whose n descriptors then follow;
            or None.
    """

    def __init__(self, kept: np.ndarray, mirror: np.ndarray | None) -> None:
        self._kept = kept
        self._mirror = mirror

    def __len__(self) -> int:
        return len(self._kept) * (1 if self._mirror is None else 2)

    def whole(self) -> np.ndarray:
        """All rows, faster than by index."""
        found = _floats(self._kept)
        if self._mirror is None:
            return found
        return np.concatenate([found, np.take(found, self._mirror, axis=1)])

    def __getitem__(self, rows: Any) -> np.ndarray:

        if self._mirror is None:
            return _floats(self._kept[rows])
        numbers = np.arange(len(self))[rows]
        n = len(self._kept)
        found = self._kept[numbers % max(1, n)]
        turned = numbers >= n
        found[turned] = found[turned][:, self._mirror]
        return _floats(found)


def _floats(kept: np.ndarray) -> np.ndarray:

    from strata.features.descriptors.quantize import dequantize

    return dequantize(kept) if kept.dtype == np.uint8 else kept.astype(np.float32)
