"""Compiled loops for additive kernels, sum_f k(x_f, y_f) with k(0, y) = 0.

Histograms of a fine pyramid are mostly zeros (four in five numbers at 512 words and 21 cells), and
a zero in x adds nothing whatever y is. So only the non-zero features of x run against a panel of y
that is transposed, feature by feature, to stay in the cache: a whole vector register of columns at
a time, four features to each load and store of the sums.
"""

from collections.abc import Callable

import numpy as np

from strata._compiled import compiled

Array = np.ndarray
Block = Callable[..., None]

_FEATURES = 512  # of a panel; with _COLUMNS of them in float32, 256 KiB: the second-level cache
_COLUMNS = 128
_ROWS = 4096  # whose non-zero features are listed at a time: 4096 x 512 x 6 bytes, 12 MiB


def additive(block: Block, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Kernel matrix of C-contiguous X (n, d) and Y (m, d); half of it is mirrored where Y is X.

    Args:
        block: one of the `..._block` functions below.
        X: left side, float32 or float64.
        Y: right side, same dtype.

    Returns:
        (n, m) of that dtype.
    """
    symmetric = Y is X
    K = np.zeros((len(X), len(Y)), X.dtype)
    for top in range(0, len(X), _ROWS):
        rows = X[top : top + _ROWS]
        for first in range(0, X.shape[1], _FEATURES):
            values, features, counts = _non_zeros(rows[:, first : first + _FEATURES])
            for left in range(0, len(Y), _COLUMNS):
                stop = min(len(rows), left + _COLUMNS - top) if symmetric else len(rows)
                if stop > 0:
                    panel = _transposed(
                        Y[left : left + _COLUMNS, first : first + _FEATURES], _COLUMNS
                    )
                    block(values, features, counts, panel, K[top : top + stop], left)
    if symmetric:
        _mirror(K)
    return K


@compiled
def intersection_block(
    values: Array, features: Array, counts: Array, panel: Array, K: Array, left: int
) -> None:
    """K[i, left + j] += sum over the listed features f of min(x[i, f], panel[f, j])."""
    width = min(panel.shape[1], K.shape[1] - left)
    for i in range(K.shape[0]):
        sums = K[i, left : left + width]
        n = counts[i]
        for k in range(0, n - 3, 4):
            a, b, c, d = values[i, k], values[i, k + 1], values[i, k + 2], values[i, k + 3]
            A, B = panel[features[i, k]], panel[features[i, k + 1]]
            C, D = panel[features[i, k + 2]], panel[features[i, k + 3]]
            for j in range(width):
                sums[j] += (min(a, A[j]) + min(b, B[j])) + (min(c, C[j]) + min(d, D[j]))
        for k in range(n - n % 4, n):
            a = values[i, k]
            A = panel[features[i, k]]
            for j in range(width):
                sums[j] += min(a, A[j])


@compiled
def chi2_block(
    values: Array, features: Array, counts: Array, panel: Array, K: Array, left: int
) -> None:
    """K[i, left + j] += sum over the listed features f of 2 x y / (x + y), y = panel[f, j]."""
    width = min(panel.shape[1], K.shape[1] - left)
    for i in range(K.shape[0]):
        sums = K[i, left : left + width]
        n = counts[i]
        for k in range(0, n - 1, 2):
            a, b = values[i, k], values[i, k + 1]
            A, B = panel[features[i, k]], panel[features[i, k + 1]]
            for j in range(width):
                sums[j] += (a + a) * A[j] / (a + A[j]) + (b + b) * B[j] / (b + B[j])
        if n % 2:
            a, A = values[i, n - 1], panel[features[i, n - 1]]
            for j in range(width):
                sums[j] += (a + a) * A[j] / (a + A[j])


@compiled
def _non_zeros(X: Array) -> tuple[Array, Array, Array]:
    """Each row's non-zero numbers, packed to the left, their columns, and their count."""
    n, d = X.shape
    values = np.empty((n, d), X.dtype)
    columns = np.empty((n, d), np.uint16)
    counts = np.empty(n, np.int64)
    for i in range(n):
        k = 0
        for f in range(d):
            if X[i, f] != 0:
                values[i, k] = X[i, f]
                columns[i, k] = f
                k += 1
        counts[i] = k
    return values, columns, counts


@compiled
def _transposed(Y: Array, columns: int) -> Array:
    """Y (m, f) as C-contiguous (f, columns), padded with zeros."""
    panel = np.zeros((Y.shape[1], columns), Y.dtype)
    for j in range(Y.shape[0]):
        for f in range(Y.shape[1]):
            panel[f, j] = Y[j, f]
    return panel


@compiled
def _mirror(K: Array) -> None:
    """Copy the upper triangle onto the lower one, in blocks of 64 x 64."""
    for top in range(0, K.shape[0], 64):
        for left in range(0, top + 64, 64):
            for i in range(top, min(top + 64, K.shape[0])):
                for j in range(left, min(left + 64, i)):
                    K[i, j] = K[j, i]
