"""Split of the training images into a training and a validation set, for early stopping."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strata.errors import InputError
from strata.splits import grouped


def hold_out(
    labels: NDArray[np.intp],
    fraction: float,
    rng: np.random.Generator,
    groups: ArrayLike | None = None,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the training set and of the validation set, stratified by class.

    Each class gives `fraction` of its images to the validation set, rounded down. Copies of an
    image stay together, as a network recognizes a copy of a training image; then a class may give
    less.

    Args:
        labels: (n,) class number of each image.
        fraction: share of the images in the validation set, in (0, 1).
        rng: draws the validation images.
        groups: (n,) int; images of one number are copies of each other. None: no copies.

    Raises:
        InputError: no class has enough images.
    """
    made = grouped(labels, np.arange(len(labels)) if groups is None else groups)
    left = np.floor(np.round(fraction * made.counts.sum(0), 9)).astype(int)  # 0.29 of 100 is 29
    held_out = np.zeros(len(made.counts), bool)
    for group in rng.permutation(len(made.counts)):
        if (made.counts[group] <= left).all():
            held_out[group] = True
            left -= made.counts[group]
    validation = held_out[made.of]
    if not validation.any():
        raise InputError(
            "No class has enough images for a validation set.",
            "Give more images, a larger validation_fraction, or leave out patience.",
        )
    return np.flatnonzero(~validation), np.flatnonzero(validation)
