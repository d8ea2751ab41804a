"""Which training images are kept apart to be watched while a network learns from the others."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strata.errors import InputError
from strata.splits import grouped


def hold_out(
    numbers: NDArray[np.intp],
    share: float,
    rng: np.random.Generator,
    groups: ArrayLike | None = None,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows to train on, and rows to watch: the same share of every class, rounded down.

    A network knows a copy of what it has learned from, so copies stay together; then a class may
    give less than its share.

    Args:
        numbers: (n,) class of each image.
        share: of the images, in (0, 1).
        rng: draws them.
        groups: (n,) of each image; those of one number are copies of each other. None: no copies.

    Raises:
        InputError: no class has enough images.
    """
    made = grouped(numbers, np.arange(len(numbers)) if groups is None else groups)
    left = np.floor(np.round(share * made.counts.sum(0), 9)).astype(int)  # 0.29 of 100 is 29
    held_out = np.zeros(len(made.counts), bool)
    for group in rng.permutation(len(made.counts)):
        if (made.counts[group] <= left).all():
            held_out[group] = True
            left -= made.counts[group]
    watched = held_out[made.of]
    if not watched.any():
        raise InputError(
            "No class has enough images for a validation part.",
            "Give more images, a larger validation, or patience = None.",
        )
    return np.flatnonzero(~watched), np.flatnonzero(watched)
