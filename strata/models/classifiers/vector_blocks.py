"""Vectors that are read block by block."""

from collections.abc import Callable, Iterator

import numpy as np

from strata.errors import InputError

#: Yields (row numbers (b,), vectors (b, d)), each vector once. It is called once per pass and has
#: to give the same blocks in the same order each time.
Blocks = Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]


def finite(blocks: Blocks) -> Blocks:
    """The same blocks, each checked when it is read.

    Raises:
        InputError: while reading, a value is NaN or infinite.
    """

    def checked() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for rows, X in blocks():
            if not np.isfinite(X).all():
                raise InputError(
                    "The vectors contain NaN or infinity.",
                    "Look for the image whose vector does, and at the stage that made it.",
                )
            yield rows, X

    return checked


def gathered(blocks: Blocks, n: int) -> np.ndarray:
    """All n vectors of the blocks in one array (n, d) float64, ordered by row number."""
    found: np.ndarray | None = None
    for rows, X in blocks():
        if found is None:
            found = np.empty((n, X.shape[1]))
        found[rows] = X
    assert found is not None
    return found


def single_block(X: np.ndarray) -> Blocks:
    """Vectors in memory, as one block."""
    return lambda: iter([(np.arange(len(X)), X)])
