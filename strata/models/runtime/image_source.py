"""Images in memory where they fit, read batch by batch from where they lie where they do not.

Activations of a frozen network, several views of each image, are read in the same way.
"""

import math
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

#: Bytes of images that are taken into memory all at once (87,000 of 64x64).
IN_MEMORY = 2**30
#: Images that are read at a time where all are passed through once.
AT_A_TIME = 256


class Pixels(Protocol):
    """Images (n, ...): an array, in memory or mapped, or what reads like one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, side, side, 3) of images, (n, views, h, w, channels) of activations."""

    @property
    def dtype(self) -> Any:
        """uint8 of images, floating of activations."""

    @property
    def nbytes(self) -> int:
        """What all of them would take in memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any) -> Any:
        """Some of them, by a slice or an array of numbers, in memory.

        Of images with views also single views, by an array of images and one of views.
        """


def too_large(pixels: Pixels) -> bool:
    """Whether images stay where they are."""
    return pixels.nbytes > IN_MEMORY


def held(given: ArrayLike | Pixels) -> Pixels:
    """What a classifier was given, in memory and contiguous if it fits."""
    pixels: Any = given
    return (
        pixels if hasattr(given, "nbytes") and too_large(pixels) else np.ascontiguousarray(pixels)
    )


class Part:
    """Some of the images, or of their views, which stay where they are.

    Args:
        numbers: (m,) of the images; then also (m,) of each one's view.
    """

    def __init__(self, pixels: Pixels, *numbers: NDArray[np.intp]) -> None:
        self._pixels, self._numbers = pixels, numbers
        self.shape = (len(numbers[0]), *pixels.shape[len(numbers) :])
        self.dtype = pixels.dtype
        self.nbytes = math.prod(self.shape) * pixels.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        images, *views = (numbers[rows] for numbers in self._numbers)
        return self._pixels[images, *views] if views else self._pixels[images]


def part(pixels: Pixels, rows: NDArray[np.intp]) -> Pixels:
    """Images by number, in memory if all of them are."""
    return Part(pixels, rows) if too_large(pixels) else pixels[rows]


def each_view(pixels: Pixels) -> Pixels:
    """Images with views (n, views, ...) as (n * views, ...), those of an image in a row."""
    n, views, *inner = pixels.shape
    if too_large(pixels):
        return Part(pixels, *np.divmod(np.arange(n * views), views))
    return pixels[:].reshape(n * views, *inner)


class Streamed:
    """What a training asks of a tensor of images, without holding them."""

    def __init__(self, pixels: Pixels, device: torch.device) -> None:
        self._pixels, self.device = pixels, device
        self.shape = torch.Size(pixels.shape)

    def index_select(self, dim: int, rows: Tensor) -> Tensor:
        """(b, ...) on the device; `dim` is 0, as of a tensor."""
        return self._sent(rows.cpu().numpy())

    def split(self, size: int) -> Iterator[Tensor]:
        """All of them in order, so many at a time."""
        for start in range(0, self.shape[0], size):
            yield self._sent(slice(start, start + size))

    def _sent(self, rows: Any) -> Tensor:
        return _tensor(self._pixels[rows], self.device)


def on_device(pixels: Pixels, device: torch.device) -> Tensor | Streamed:
    """Images for a training or a prediction there."""
    if too_large(pixels):
        return Streamed(pixels, device)
    return _tensor(pixels[:], device)


def _tensor(pixels: NDArray[Any], device: torch.device) -> Tensor:
    """On the device; a copy if the array is not to be written to, which torch cannot promise."""
    return torch.from_numpy(np.require(pixels, requirements=["C", "W"])).to(device)


def blocks(pixels: Pixels) -> Iterator[NDArray[Any]]:
    """All images in order, a few in memory at a time, contiguous."""
    for start in range(0, len(pixels), AT_A_TIME):
        yield np.ascontiguousarray(pixels[start : start + AT_A_TIME])
