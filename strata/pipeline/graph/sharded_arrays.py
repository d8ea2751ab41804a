"""Arrays in shards as a stage sees them: rows by image, in any order, read when needed."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress
from typing import Any

import numpy as np

from strata.pipeline.graph.inputs import Subset

#: What is read of a shard: an artifact, or what a view has made of some.
Values = Mapping[str, Any]


class Shards:
    """Artifacts of all shards of one stage, one of them open at a time.

    Args:
        digests: for each shard, the digests of its images, in the order of the artifact's rows.
        read: gives the artifact of a shard by number.
    """

    def __init__(self, digests: Sequence[Sequence[str]], read: Callable[[int], Values]) -> None:
        self._place = {
            digest: (number, row)
            for number, shard in enumerate(digests)
            for row, digest in enumerate(shard)
        }
        self._read = read
        self._open: tuple[int, Values] | None = None

    def place(self, digest: str) -> tuple[Values, int]:
        """Artifact that holds an image, and its row there.

        Quick for images in the order of `by_shard`: each change of shard opens another artifact.
        """
        number, row = self._place[digest]
        return self._artifact(number), row

    def by_shard(self, digests: Sequence[str]) -> list[str]:
        """Digests in the order of their rows in the artifacts."""
        return sorted(digests, key=self._place.__getitem__)

    def _artifact(self, number: int) -> Values:
        if self._open is None or self._open[0] != number:
            self._open = (number, self._read(number))
        return self._open[1]

    def rows(self, name: str, subset: Subset) -> np.ndarray:
        """One row per image, in the order of the subset: (n, ...) in memory."""
        return self.gathered(name, subset.digests)

    def some_rows(self, name: str, subset: Subset, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows and labels of a subset, no more than fit in `most` bytes.

        These are drawn with the subset's seed, the same share of each class and two at least.
        """
        y = subset.y
        share = most / max(1, self.size(name, subset))
        if share >= 1:
            return self.rows(name, subset), y
        kept = np.zeros(len(y), bool)
        rng = subset.rng("rows that fit in memory")
        for label in np.unique(y):
            own = rng.permutation(np.flatnonzero(y == label))
            kept[own[: max(2, int(share * len(own)))]] = True
        return self.gathered(name, list(compress(subset.digests, kept))), y[kept]

    def gathered(self, name: str, digests: Sequence[str], columns: Any = ...) -> np.ndarray:
        """One row per image, by the digests of their contents: (n, ...) in memory.

        Args:
            columns: what is read along the second axis: a slice, or a number for each image.
        """

        def chosen(at: np.ndarray) -> Any:
            return columns[at] if isinstance(columns, np.ndarray) else columns

        none = np.arange(0)
        some = self._artifact(0)[name][none, chosen(none)]
        found = np.empty((len(digests), *some.shape[1:]), some.dtype)
        for at, number, rows in self._places(digests):
            found[at] = self._artifact(number)[name][rows, chosen(at)]
        return found

    def lazy(self, name: str, subset: Subset, columns: int | None = None) -> "LazyRows":
        """The same rows as a lazy array, read when indexed.

        Args:
            columns: how many there are to be along the second axis; None: all.
        """
        return LazyRows(self, name, subset.digests, columns)

    def blocks(self, name: str, subset: Subset) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The same rows in blocks, one shard in memory at a time.

        Yields:
            where they stand in the subset (b,) int64, and the rows (b, ...).
        """
        for at, number, rows in self._places(subset.digests):
            yield at, self._artifact(number)[name][rows]

    def _places(self, digests: Sequence[str]) -> Iterator[tuple[np.ndarray, int, np.ndarray]]:
        """Positions of the images in each shard, its number, their rows there."""
        parts: dict[int, list[tuple[int, int]]] = {}
        for at, digest in enumerate(digests):
            number, row = self._place[digest]
            parts.setdefault(number, []).append((at, row))
        for number in sorted(parts):
            at, rows = np.array(parts[number], np.int64).T
            yield at, number, rows

    def size(self, name: str, subset: Subset) -> int:
        """Bytes that `rows` would take."""
        row = self._artifact(0)[name]
        return len(subset) * row.dtype.itemsize * int(row[0].size if len(row) else 0)


class LazyRows:
    """Lazy array: rows of some images, in order, read when indexed.

    Attributes:
        shape, dtype, nbytes: of the array that all of them would be.
    """

    def __init__(
        self, shards: Shards, name: str, digests: Sequence[str], columns: int | None = None
    ) -> None:
        self._shards, self._name, self._digests = shards, name, digests
        self._columns = ... if columns is None else slice(columns)
        some = shards.gathered(name, (), self._columns)
        self.shape: tuple[int, ...] = (len(digests), *some.shape[1:])
        self.dtype = some.dtype
        self.nbytes = math.prod(self.shape) * some.dtype.itemsize

    def __len__(self) -> int:
        return len(self._digests)

    def __getitem__(self, rows: Any) -> np.ndarray:
        """(b, ...) in memory: by a slice, by numbers, or by rows and each one's column."""
        rows, columns = rows if isinstance(rows, tuple) else (rows, self._columns)
        one_by_one = range(len(self))[rows] if isinstance(rows, slice) else rows.tolist()
        digests = [self._digests[row] for row in one_by_one]
        return self._shards.gathered(self._name, digests, columns)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)


class PerImage(Sequence[Any]):
    """Lazy sequence with an element per image, so that few are in memory.

    Args:
        count: number of images.
        at: makes the thing for an image by number.
    """

    def __init__(self, count: int, at: Callable[[int], Any]) -> None:
        self._count = count
        self._at = at

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(self._count))]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return self._at(index % self._count)
