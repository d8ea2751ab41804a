"""Which training images are kept apart to be watched while a network learns from the others."""

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputError


def hold_out(
    numbers: NDArray[np.intp], share: float, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows to train on, and rows to watch: the same share of every class, rounded down.

    Args:
        numbers: (n,) class of each image.
        share: of the images, in (0, 1).
        rng: draws them.

    Raises:
        InputError: no class has enough images.
    """
    order = rng.permutation(len(numbers))
    held_out = []
    for number in np.unique(numbers):
        rows = order[numbers[order] == number]
        held_out.append(rows[: int(share * len(rows))])
    rows = np.sort(np.concatenate(held_out))
    if not len(rows):
        raise InputError(
            "No class has enough images for a validation part.",
            "Give more images, a larger validation, or patience = None.",
        )
    return np.setdiff1d(np.arange(len(numbers)), rows), rows
