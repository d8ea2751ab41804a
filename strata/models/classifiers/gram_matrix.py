"""Kernel matrices, made by as many threads as a stage may have."""

import numpy as np

from strata._threads import in_threads

_ROWS = 256  # of a kernel matrix, to a thread


def products(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """The linear kernel, (n, d) and (m, d) to (n, m); half of it is mirrored where Y is X."""
    K = np.empty((len(X), len(Y)), X.dtype)

    def fill(start: int) -> None:
        stop = start + _ROWS
        right = Y[:stop] if Y is X else Y
        np.matmul(X[start:stop], right.T, out=K[start:stop, : len(right)])

    for _ in in_threads(fill, range(0, len(X), _ROWS)):
        pass
    if Y is X:
        for start in range(0, len(X), _ROWS):
            stop = start + _ROWS
            K[:start, start:stop] = K[start:stop, :start].T
    return K


def rbf(X: np.ndarray, Y: np.ndarray, gamma: float) -> np.ndarray:
    """exp(-gamma |x - y|^2) of each x of (n, d) and y of (m, d), (n, m)."""
    squares = [np.einsum("ij,ij->i", Z, Z) for Z in (X, Y)]
    K = 2 * products(X, Y) - squares[0][:, None] - squares[1]
    return np.exp(gamma * np.minimum(K, 0))
