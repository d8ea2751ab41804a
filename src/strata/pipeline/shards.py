"""How a stage sees an input that comes in shards: by image, in any order, read when needed."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from strata.pipeline.artifact import Artifact
from strata.pipeline.inputs import Subset

if TYPE_CHECKING:
    import numpy as np


class Shards:
    """The artifacts of all shards of one stage.

    Args:
        digests: for each shard, the digests of its images, in the order of the artifact's rows.
        read: gives the artifact of a shard by number.
    """

    def __init__(self, digests: Sequence[Sequence[str]], read: Callable[[int], Artifact]) -> None:
        self._place = {
            digest: (number, row)
            for number, shard in enumerate(digests)
            for row, digest in enumerate(shard)
        }
        self._read = read
        self._artifacts: dict[int, Artifact] = {}

    def place(self, digest: str) -> tuple[Artifact, int]:
        """The artifact that an image is in, and its row there."""
        number, row = self._place[digest]
        if number not in self._artifacts:
            self._artifacts[number] = self._read(number)
        return self._artifacts[number], row

    def rows(self, name: str, subset: Subset) -> "np.ndarray":
        """One row an image, gathered in the order of the subset: (n, ...) in memory."""
        return self._gathered(name, subset.digests)

    def some_rows(self, name: str, subset: Subset, most: int) -> "tuple[np.ndarray, np.ndarray]":
        """The rows and their labels if they fit in so many bytes, else as many as do.

        These are drawn with the subset's seed, the same share of each class and two at least.
        """
        import numpy as np

        y = subset.y
        share = most / max(1, self.size(name, subset))
        if share >= 1:
            return self.rows(name, subset), y
        kept = np.zeros(len(y), bool)
        rng = subset.rng("rows that fit in memory")
        for label in np.unique(y):
            own = rng.permutation(np.flatnonzero(y == label))
            kept[own[: max(2, int(share * len(own)))]] = True
        return self._gathered(name, np.array(subset.digests)[kept]), y[kept]

    def _gathered(self, name: str, digests: Sequence[str]) -> "np.ndarray":
        import numpy as np

        if not len(digests):
            some = self._read(0)[name]
            return np.empty((0, *some.shape[1:]), some.dtype)
        return np.stack([artifact[name][row] for artifact, row in map(self.place, digests)])

    def blocks(self, name: str, subset: Subset) -> "Iterator[tuple[np.ndarray, np.ndarray]]":
        """The same rows shard by shard, in memory one shard at a time.

        Yields:
            where they stand in the subset (b,) int64, and the rows (b, ...).
        """
        import numpy as np

        parts: dict[int, list[tuple[int, int]]] = {}
        for at, digest in enumerate(subset.digests):
            number, row = self._place[digest]
            parts.setdefault(number, []).append((at, row))
        for number in sorted(parts):
            at, rows = np.array(parts[number], np.int64).T
            yield at, self._read(number)[name][rows]

    def size(self, name: str, subset: Subset) -> int:
        """Bytes that `rows` would take."""
        row = self._read(0)[name]
        return len(subset) * row.dtype.itemsize * int(row[0].size if len(row) else 0)


class PerImage(Sequence[Any]):
    """Something for each of some images, made when asked for, so that few are in memory.

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
