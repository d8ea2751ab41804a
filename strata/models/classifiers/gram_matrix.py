"""Linear and RBF kernel matrices, computed by as many threads as the process may use."""

import numpy as np

from strata._threads import in_threads

_ROWS = 256  # of a kernel matrix that a thread computes at a time


def linear_kernel(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """X Y^T of (n, d) and (m, d) vectors, (n, m); computed by halves where Y is X."""
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


def rbf_kernel(X: np.ndarray, Y: np.ndarray, gamma: float) -> np.ndarray:
    """exp(-gamma |x - y|^2) for each x of (n, d) and y of (m, d), (n, m).

    Both less the mean of Y: far from the origin, float32 products leave little of the distance.
    """
    center = Y.mean(axis=0, dtype=np.float64).astype(Y.dtype) if len(Y) else 0
    X, Y = (X - center,) * 2 if Y is X else (X - center, Y - center)
    squares = [np.einsum("ij,ij->i", Z, Z) for Z in (X, Y)]
    K = 2 * linear_kernel(X, Y) - squares[0][:, None] - squares[1]
    return np.exp(gamma * np.minimum(K, 0))
