"""Limits of the difference of near-duplicates, by how alike the images of a class are anyway.

Two photographs of one scene category hardly correlate, so a pair that agrees shows one picture.
Digits, or parts under a fixed camera, agree without being copies: there a copy has to agree far
better than different images do. How alike these are is measured without registration, which would
make crops and the frames of a panning video alike too.
"""

import numpy as np

from strata.pipeline.data import registration

#: Percentile of the differences of a class that tells how alike its images are. It is high, so
#: that copies, even if they are most of the class, do not make its images count as alike.
PERCENTILE = 75
#: Difference at this percentile from which the images of a class are as unlike as photographs
#: usually are (of the eight outdoor scene categories: 20 to 23). Below it the limit falls with the
#: third power: of 1,797 digits (5 to 14) hardly any two are then taken for copies.
UNLIKE, POWER = 20.0, 3
#: Images below which a class tells nothing, and those of all classes are taken.
MIN_IMAGES = 10
#: Pairs of images that are compared in a class.
_PAIRS = 200

Array = np.ndarray


class DifferenceLimits:
    """Largest differences of near-duplicates, at most 1 (see `registration.differences`).

    Args:
        thumbnails: uint8 (n, side, side), in an order that is random with respect to the content.
        labels: int (n,), the class of each image.
    """

    def __init__(self, thumbnails: Array, labels: Array) -> None:
        self._thumbnails = thumbnails
        self._labels = labels
        self._of_class: dict[int, float] = {}
        self._of_all: float | None = None

    def of(self, images: Array) -> Array:
        """The limits of the classes of images; computed where they are first asked for."""
        return np.array([self._limit(label) for label in self._labels[images].tolist()])

    def _limit(self, label: int) -> float:
        if label not in self._of_class:
            members = np.flatnonzero(self._labels == label)
            self._of_class[label] = (
                _limit(self._thumbnails[members]) if len(members) >= MIN_IMAGES else self._pooled()
            )
        return self._of_class[label]

    def _pooled(self) -> float:
        if self._of_all is None:
            few = len(self._thumbnails) < MIN_IMAGES
            self._of_all = 1.0 if few else _limit(self._thumbnails)
        return self._of_all


def _limit(thumbnails: Array) -> float:
    """The limit for images, from pairs of those that are next to each other, and next but one..."""
    count = len(thumbnails)
    steps = min(-(-_PAIRS // count), (count - 1) // 2)
    first = np.tile(np.arange(count), steps)[:_PAIRS]
    second = (first + np.repeat(np.arange(1, steps + 1), count)[:_PAIRS]) % count
    found = registration.unregistered_differences(thumbnails[first], thumbnails[second])
    return min(1.0, float(np.percentile(found, PERCENTILE) / UNLIKE) ** POWER)
