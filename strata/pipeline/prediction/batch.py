"""Batches of decoded images, in the place of shards of image files."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from strata.pipeline.graph.inputs import Subset

#: Images, and pixels of all of them, that a batch has at most; an image of more is one by itself.
MAX_IMAGES, MAX_PIXELS = 32, 1 << 26


@dataclass(frozen=True)
class ImageBatch:
    """Images that are predicted at once, as stages read them: iterating gives (H, W, 3) uint8.

    Attributes:
        images: (H, W, 3) uint8 each.
        digests: of each image's content, hexadecimal.
    """

    images: Sequence[np.ndarray]
    digests: tuple[str, ...]

    @classmethod
    def of(cls, images: Sequence[np.ndarray]) -> "ImageBatch":
        """Batch of pixels, by the digests of their values."""
        return cls(images, tuple(map(_digest, images)))

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self.images)

    def subset(self, classes: tuple[str, ...]) -> Subset:
        """The images as a subset without labels."""
        ids = tuple(map(str, range(len(self))))
        return Subset(ids, self.digests, None, classes, 0)


def in_batches(images: Iterable[np.ndarray], most: int = MAX_IMAGES) -> Iterator[ImageBatch]:
    """Batches of images in order: as many as `most` allows, and no more pixels than `MAX_PIXELS`.

    So the batch that an image is in depends on the images before it alone, and its scores do not
    depend on the number of processes.
    """
    batch: list[np.ndarray] = []
    pixels = 0
    for image in images:
        size = image.shape[0] * image.shape[1]
        if batch and (len(batch) == most or pixels + size > MAX_PIXELS):
            yield ImageBatch.of(batch)
            batch, pixels = [], 0
        batch.append(image)
        pixels += size
    if batch:
        yield ImageBatch.of(batch)


def _digest(image: np.ndarray) -> str:
    found = hashlib.sha256(str(image.shape).encode())
    found.update(np.ascontiguousarray(image).data)
    return found.hexdigest()
