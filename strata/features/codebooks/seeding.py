"""Initial centers of k-means by greedy k-means++.

Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding" (SODA 2007): each next
center is a point drawn with probability proportional to its squared distance from the centers so
far. Greedy, as in scikit-learn: of a few such draws the one that leaves the least inertia.
"""

import numpy as np


def kmeans_plus_plus(X: np.ndarray, n_centers: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of the points that become centers, (n_centers,) int64.

    Where the points are fewer different ones than centers, the rest are drawn at random.

    Args:
        X: (n, d) float32, n >= n_centers.
        n_centers: number of centers.
        rng: source of the draws.
    """
    X = X - X.mean(axis=0, dtype=np.float64).astype(np.float32)
    squares = np.einsum("ij,ij->i", X, X)
    trials = 2 + int(np.log(n_centers))
    chosen = np.empty(n_centers, np.int64)
    chosen[0] = rng.integers(len(X))
    nearest = _squared_distances(X, squares, chosen[:1])[0]
    for number in range(1, n_centers):
        mass = np.cumsum(nearest, dtype=np.float64)
        if not mass[-1] > 0:
            chosen[number:] = rng.integers(len(X), size=n_centers - number)
            break
        drawn = np.searchsorted(mass, rng.random(trials) * mass[-1], side="right")
        drawn = np.minimum(drawn, len(X) - 1)
        closer = _squared_distances(X, squares, drawn)
        np.minimum(closer, nearest, out=closer)
        best = closer.sum(axis=1).argmin()
        chosen[number], nearest = drawn[best], closer[best]
    return chosen


def _squared_distances(X: np.ndarray, squares: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Squared distances of some points to all, (rows, n) float32; to themselves 0."""
    found = (-2 * X[rows]) @ X.T
    found += squares
    found += squares[rows, None]
    np.maximum(found, 0, out=found)
    found[np.arange(len(rows)), rows] = 0
    return found
