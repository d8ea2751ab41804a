"""Which training images are kept apart to be watched while a network learns from the others."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strata.errors import InputError


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
    classes, codes = np.unique(numbers, return_inverse=True)
    kinds, of = np.unique(np.arange(len(codes)) if groups is None else groups, return_inverse=True)
    counts = np.zeros((len(kinds), len(classes)), int)
    np.add.at(counts, (of, codes), 1)
    left = (share * counts.sum(0)).astype(int)
    held_out = np.zeros(len(kinds), bool)
    for group in rng.permutation(len(kinds)):
        if (counts[group] <= left).all():
            held_out[group] = True
            left -= counts[group]
    watched = held_out[of]
    if not watched.any():
        raise InputError(
            "No class has enough images for a validation part.",
            "Give more images, a larger validation, or patience = None.",
        )
    return np.flatnonzero(~watched), np.flatnonzero(watched)
