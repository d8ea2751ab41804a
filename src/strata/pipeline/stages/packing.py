"""Local descriptors of a shard of images in a few arrays, and back.

SIFT is kept as bytes: the 6,000 descriptors of a photograph take 0.8 MB that way.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from strata.pipeline.shards import PerImage, Shards

if TYPE_CHECKING:
    import numpy as np

    from strata.features.local import LocalDescriptors


def packed_bytes(described: "Iterable[LocalDescriptors]") -> dict[str, Any]:
    """Descriptors without negative entries, of length one or zero, in a byte an entry."""
    from strata.features.quantise import quantise

    return _packed((quantise(d.descriptors), d.positions, d.scales) for d in described)


def packed_halves(described: "Iterable[LocalDescriptors]") -> dict[str, Any]:
    """Descriptors of any kind, in float16."""
    import numpy as np

    return _packed((d.descriptors.astype(np.float16), d.positions, d.scales) for d in described)


def _packed(parts: "Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]]") -> dict[str, Any]:
    """The rows of all images end to end, with where each image's begin."""
    import numpy as np

    rows = list(parts)
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


def of_shard(local: Mapping[str, Any]) -> PerImage:
    """The local descriptors of each image of a shard."""
    return PerImage(len(local["offsets"]) - 1, lambda row: unpacked(local, row))


def of_subset(local: Shards, digests: tuple[str, ...]) -> PerImage:
    """The local descriptors of any images, in any order, to draw samples from."""
    return PerImage(len(digests), lambda number: _drawable(*local.place(digests[number])))


def _drawable(artifact: Mapping[str, Any], row: int) -> "LocalDescriptors":
    from strata.features.local import LocalDescriptors

    begin, end = artifact["offsets"][row : row + 2]
    return LocalDescriptors(
        _Floats(artifact["descriptors"][begin:end]),  # type: ignore[arg-type]
        artifact["positions"][begin:end],
        artifact["scales"][begin:end],
    )


class _Floats:
    """Descriptors kept small, turned into floats row by row as they are asked for.

    Sampling takes a few rows of every image; the floats of all of them would not fit in memory.
    """

    def __init__(self, kept: "np.ndarray") -> None:
        self._kept = kept

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, rows: Any) -> "np.ndarray":
        import numpy as np

        from strata.features.quantise import dequantise

        found = self._kept[rows]
        return dequantise(found) if found.dtype == np.uint8 else found.astype(np.float32)
