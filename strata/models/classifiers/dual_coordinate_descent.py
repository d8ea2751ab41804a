"""Linear SVMs by dual coordinate descent on vectors that are read block by block.

Hsieh, Chang, Lin, Keerthi and Sundararajan, "A dual coordinate descent method for large-scale
linear SVM" (ICML 2008), algorithm 1, within a block; Yu, Hsieh, Chang and Lin, "Large linear
classification when data cannot fit in memory" (KDD 2010), over blocks.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from strata._compiled import compiled
from strata.models.classifiers.vector_blocks import Blocks

#: Vectors that are solved together; larger blocks are split.
BLOCK_SIZE = 256

#: Sweeps of coordinate descent within a block before the next block is read.
INNER_SWEEPS = 5

#: Bytes of Gram matrices that are kept from pass to pass: those of 250,000 vectors.
CACHE_BYTES = 2**28


class LinearSolution(NamedTuple):
    """Weights of one-vs-rest linear SVMs, and the dual variables that they are the sum of."""

    coef: np.ndarray  #: (classifiers, d) float64
    intercept: np.ndarray  #: (classifiers,) float64
    alpha: np.ndarray  #: (classifiers, n) float64, dual variables
    n_iter: int  #: passes over the vectors in the last fit
    gap: np.ndarray  #: (classifiers,) relative duality gaps, as estimated during the last pass


class BlockDescent:
    """Solver of linear SVMs with hinge loss over the same vectors, for several C.

    Gram matrices of the blocks, most of a pass's work, are cached for later passes and later C.

    Args:
        blocks: the n vectors.
        targets: (classifiers, n) of -1 and 1.
        max_iter: passes over the vectors, at most.
        tol: a pass after which no classifier's relative duality gap is larger ends a fit; the
            primal objective is that of each block's weights when it is read.
    """

    def __init__(self, blocks: Blocks, targets: np.ndarray, *, max_iter: int, tol: float) -> None:
        self._blocks = blocks
        self._targets = targets
        self._max_iter = max_iter
        self._tol = tol
        self._gram_cache: dict[int, np.ndarray] = {}
        self._cached_bytes = 0

    def solve(
        self, costs: np.ndarray, rng: np.random.Generator, start: LinearSolution | None = None
    ) -> LinearSolution:
        """Minimize |w|^2 / 2 + sum of costs * hinge loss, for each classifier.

        Args:
            costs: (n,) cost of an error on each vector; vectors of cost 0 are left out.
            rng: draws the order of vectors within blocks.
            start: warm start, a solution for costs that were nowhere larger; the closer, the fewer
                passes.
        """
        classifiers = len(self._targets)
        coef, intercept = np.zeros((classifiers, 0)), np.zeros(classifiers)
        alpha = np.zeros(self._targets.shape)
        if start:
            coef, intercept, alpha = (x.copy() for x in start[:3])
        n_iter, gap = 0, np.full(classifiers, np.inf)
        while n_iter < self._max_iter and (gap > self._tol / 2).any():  # it is an estimate
            n_iter, loss = n_iter + 1, np.zeros(classifiers)
            norm = ((coef**2).sum(axis=1) + intercept**2) / 2  # of the weights that `loss` is of
            for number, (rows, X) in enumerate(self._split_blocks()):
                if not coef.size:
                    coef = np.zeros((classifiers, X.shape[1]))
                margins = coef.astype(X.dtype) @ X.T + intercept[:, None]
                margins = margins.astype(np.float64)
                loss += np.maximum(0, 1 - self._targets[:, rows] * margins) @ costs[rows]
                after = _descend(
                    self._gram(number, X),
                    margins,
                    self._targets[:, rows],
                    costs[rows],
                    alpha[:, rows],
                    rng.permutation(len(rows)),
                )
                step = (after - alpha[:, rows]) * self._targets[:, rows]
                alpha[:, rows] = after
                coef += step.astype(X.dtype) @ X
                intercept += step.sum(axis=1)
            dual = alpha.sum(axis=1) - ((coef**2).sum(axis=1) + intercept**2) / 2
            gap = np.abs(norm + loss - dual) / (norm + loss)
        return LinearSolution(coef, intercept, alpha, n_iter, gap)

    def _split_blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for rows, vectors in self._blocks():
            for part in np.array_split(np.arange(len(rows)), -(-len(rows) // BLOCK_SIZE)):
                yield rows[part], np.asarray(vectors[part])

    def _gram(self, number: int, X: np.ndarray) -> np.ndarray:
        """X X^T + 1, the constant feature of the intercept included, cached by block number."""
        if number in self._gram_cache:
            return self._gram_cache[number]
        gram = X @ X.T
        gram += 1
        if self._cached_bytes + gram.nbytes <= CACHE_BYTES:
            self._gram_cache[number] = gram
            self._cached_bytes += gram.nbytes
        return gram


def relative_gap(
    coef: np.ndarray, intercept: np.ndarray, loss: np.ndarray, alpha: np.ndarray
) -> np.ndarray:
    """Duality gap over the primal objective, of each classifier: an upper bound of its error.

    Args:
        coef, intercept, alpha: as in `LinearSolution`; the weights are the sum that the dual
            variables give.
        loss: (classifiers,) sum of costs * hinge loss.
    """
    norm = ((coef**2).sum(axis=1) + intercept**2) / 2
    primal = norm + loss
    return (primal - (alpha.sum(axis=1) - norm)) / np.maximum(primal, np.finfo(float).tiny)


@compiled
def _descend(gram, margins, targets, costs, alpha, order):  # type: ignore[no-untyped-def]
    """Dual coordinate descent on a block, each classifier by itself, for `INNER_SWEEPS` sweeps.

    Args:
        gram: (b, b) Gram matrix of the block, the constant feature included.
        margins: (classifiers, b) float64 scores of the block by the current weights; changed.
        targets: (classifiers, b) of -1 and 1.
        costs: (b,) upper bounds of the dual variables.
        alpha: (classifiers, b) dual variables.
        order: (b,) order in which the vectors are visited.

    Returns:
        (classifiers, b) dual variables.
    """
    found = alpha.copy()
    for classifier in range(len(margins)):
        margin, target, now = margins[classifier], targets[classifier], found[classifier]
        for _ in range(INNER_SWEEPS):
            for i in order:
                gradient = target[i] * margin[i] - 1
                if (now[i] <= 0 and gradient > 0) or (now[i] >= costs[i] and gradient < 0):
                    continue
                after = min(max(now[i] - gradient / gram[i, i], 0.0), costs[i])
                step = (after - now[i]) * target[i]
                now[i] = after
                for j in range(len(margin)):
                    margin[j] += gram[i, j] * step
    return found
