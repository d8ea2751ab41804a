"""Image arrays held in memory where they fit, and read batch by batch where they do not.

Activations of a frozen network, several views of each image, are read in the same way.
"""

import math
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

#: Bytes of images that are loaded into memory at once (87,000 of 64x64).
IN_MEMORY = 2**30
#: Images per read where all are passed through once.
BLOCK_SIZE = 256


class ImageSource(Protocol):
    """Array-like of images (n, ...): an array in memory, memory-mapped, or read on demand."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, image_size, image_size, 3) for images, (n, views, h, w, channels) for activations."""

    @property
    def dtype(self) -> Any:
        """uint8 for images, floating for activations."""

    @property
    def nbytes(self) -> int:
        """Bytes that all rows would take in memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any) -> Any:
        """Rows by a slice or an array of row numbers, as an array in memory.

        Sources with views also take (array of rows, array of views) and give single views.
        """


def too_large(source: ImageSource) -> bool:
    """True if a source exceeds `IN_MEMORY` and is to be read batch by batch."""
    return source.nbytes > IN_MEMORY


def as_source(given: ArrayLike | ImageSource) -> ImageSource:
    """An estimator's `X`: as a contiguous array in memory if it fits, else unchanged."""
    source: Any = given
    return (
        source if hasattr(given, "nbytes") and too_large(source) else np.ascontiguousarray(source)
    )


class SourceSubset:
    """Some rows of a source, or some of their views, read only when indexed.

    Args:
        source: the whole source.
        numbers: (m,) row numbers; then optionally (m,) the view of each.
    """

    def __init__(self, source: ImageSource, *numbers: NDArray[np.intp]) -> None:
        self._source, self._numbers = source, numbers
        self.shape = (len(numbers[0]), *source.shape[len(numbers) :])
        self.dtype = source.dtype
        self.nbytes = math.prod(self.shape) * source.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        images, *views = (numbers[rows] for numbers in self._numbers)
        return self._source[images, *views] if views else self._source[images]


def take_rows(source: ImageSource, rows: NDArray[np.intp]) -> ImageSource:
    """Rows by number, in memory if the whole source is."""
    return SourceSubset(source, rows) if too_large(source) else source[rows]


class Concatenation:
    """Sources of images of one size one after the other, read only when indexed.

    Args:
        sources: with rows of one shape and dtype.
    """

    def __init__(self, *sources: ImageSource) -> None:
        self._sources = sources
        self._ends = np.cumsum([len(source) for source in sources])
        self.shape = (int(self._ends[-1]), *sources[0].shape[1:])
        self.dtype = sources[0].dtype
        self.nbytes = sum(source.nbytes for source in sources)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        numbers = np.arange(len(self))[rows]
        found = np.empty((len(numbers), *self.shape[1:]), self.dtype)
        owner = np.searchsorted(self._ends, numbers, side="right")
        for number in np.unique(owner):
            source, own = self._sources[number], owner == number
            found[own] = source[numbers[own] - (self._ends[number] - len(source))]
        return found


def flatten_views(source: ImageSource, rows: NDArray[np.intp] | None = None) -> ImageSource:
    """Views (n, views, ...) as (n * views, ...), those of an image in consecutive rows.

    Args:
        source: with views.
        rows: numbers of n of its images; None: all.
    """
    n, views, *inner = source.shape
    if too_large(source):
        images, view = np.divmod(np.arange((n if rows is None else len(rows)) * views), views)
        return SourceSubset(source, images if rows is None else rows[images], view)
    return source[slice(None) if rows is None else rows].reshape(-1, *inner)


def first_views(source: ImageSource, rows: NDArray[np.intp]) -> ImageSource:
    """The first view of some images, by row number, of a source with views."""
    if too_large(source):
        return SourceSubset(source, rows, np.zeros(len(rows), np.intp))
    return source[rows][:, 0]


class StreamedTensor:
    """The tensor methods that training and inference call, reading from a source on demand."""

    def __init__(self, source: ImageSource, device: torch.device) -> None:
        self._source, self.device = source, device
        self.shape = torch.Size(source.shape)

    def index_select(self, dim: int, rows: Tensor) -> Tensor:
        """Rows (b, ...) on the device; `dim` is 0, as in `Tensor.index_select`."""
        return self._read(rows.cpu().numpy())

    def split(self, size: int) -> Iterator[Tensor]:
        """All rows in order, in batches of at most `size`, as `Tensor.split` gives them."""
        for start in range(0, self.shape[0], size):
            yield self._read(slice(start, start + size))

    def _read(self, rows: Any) -> Tensor:
        return _tensor(self._source[rows], self.device)


def to_device(source: ImageSource, device: torch.device) -> Tensor | StreamedTensor:
    """A source as a tensor on the device, streamed if it is too large for memory."""
    if too_large(source):
        return StreamedTensor(source, device)
    return _tensor(source[:], device)


def _tensor(pixels: NDArray[Any], device: torch.device) -> Tensor:
    """An array on the device; read-only arrays are copied, since torch has no read-only tensors."""
    return torch.from_numpy(np.require(pixels, requirements=["C", "W"])).to(device)


def iter_blocks(source: ImageSource) -> Iterator[NDArray[Any]]:
    """All rows in order, `BLOCK_SIZE` in memory at a time, each block contiguous."""
    for start in range(0, len(source), BLOCK_SIZE):
        yield np.ascontiguousarray(source[start : start + BLOCK_SIZE])
