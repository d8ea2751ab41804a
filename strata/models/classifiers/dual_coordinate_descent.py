"""Linear machines by dual coordinate descent on vectors that are read block by block.

Hsieh, Chang, Lin, Keerthi and Sundararajan, "A dual coordinate descent method for large-scale
linear SVM" (ICML 2008), algorithm 1, within a block; Yu, Hsieh, Chang and Lin, "Large linear
classification when data cannot fit in memory" (KDD 2010), over blocks.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from strata._compiled import compiled

#: Yields (numbers of the vectors (b,), the vectors (b, d)), each vector once; called once a pass,
#: to the same blocks in the same order.
Blocks = Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]

#: Vectors that are solved together; more are solved part by part.
BLOCK = 256

#: Rounds of coordinate descent within a block before the next is read.
ROUNDS = 5

#: Bytes of products of vectors that are kept from pass to pass: those of 250,000 vectors.
KEPT = 2**28


class Machines(NamedTuple):
    """One weight vector a machine, and the dual variables that it is the sum of."""

    coef: np.ndarray  #: (machines, d) float64
    intercept: np.ndarray  #: (machines,) float64
    alpha: np.ndarray  #: (machines, n) float64
    passes: int  #: that the last fit took


class BlockDescent:
    """Machines with hinge loss over the same vectors, for several costs.

    The products of a block's vectors with one another, most of a pass's work, are made once and
    kept for later passes and later costs.

    Args:
        blocks: the n vectors.
        targets: (machines, n) of -1 and 1.
        passes: over the vectors, at most.
        tolerance: a pass in which no dual variable's projected gradient is larger ends a fit.
    """

    def __init__(
        self, blocks: Blocks, targets: np.ndarray, *, passes: int, tolerance: float
    ) -> None:
        self._blocks = blocks
        self._targets = targets
        self._passes = passes
        self._tolerance = tolerance
        self._kept: dict[int, np.ndarray] = {}
        self._bytes = 0

    def solve(
        self, costs: np.ndarray, chance: np.random.Generator, start: Machines | None = None
    ) -> Machines:
        """Minimize |w|^2 / 2 + sum of costs x hinge loss, for each machine.

        Args:
            costs: (n,) of an error on each vector; one that costs nothing is left out.
            chance: the order of vectors within blocks.
            start: machines of costs that were nowhere larger: the nearer, the fewer passes.
        """
        machines = len(self._targets)
        coef, intercept = np.zeros((machines, 0)), np.zeros(machines)
        alpha = np.zeros(self._targets.shape)
        if start:
            coef, intercept, alpha = (x.copy() for x in start[:3])
        done, worst = 0, np.inf
        while done < self._passes and worst >= self._tolerance:
            done, worst = done + 1, 0.0
            for place, (rows, X) in enumerate(self._parts()):
                if not coef.size:
                    coef = np.zeros((machines, X.shape[1]))
                margins = coef.astype(X.dtype) @ X.T + intercept[:, None]
                after, violation = _descend(
                    self._products(place, X),
                    margins.astype(np.float64),
                    self._targets[:, rows],
                    costs[rows],
                    alpha[:, rows],
                    chance.permutation(len(rows)),
                )
                step = (after - alpha[:, rows]) * self._targets[:, rows]
                alpha[:, rows] = after
                coef += step.astype(X.dtype) @ X
                intercept += step.sum(axis=1)
                worst = max(worst, violation)
        return Machines(coef, intercept, alpha, done)

    def _parts(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for numbers, vectors in self._blocks():
            for part in np.array_split(np.arange(len(numbers)), -(-len(numbers) // BLOCK)):
                yield numbers[part], np.asarray(vectors[part])

    def _products(self, place: int, X: np.ndarray) -> np.ndarray:
        """X X^T, the constant 1 included: of the part of that place."""
        if place in self._kept:
            return self._kept[place]
        gram = X @ X.T
        gram += 1
        if self._bytes + gram.nbytes <= KEPT:
            self._kept[place] = gram
            self._bytes += gram.nbytes
        return gram


@compiled
def _descend(gram, margins, targets, costs, alpha, order):  # type: ignore[no-untyped-def]
    """Dual coordinate descent on a block, each machine by itself, for `ROUNDS` rounds.

    Args:
        gram: (b, b) products of the block's vectors, the constant 1 included.
        margins: (machines, b) float64 scores of the block by the weights so far; changed.
        targets: (machines, b) of -1 and 1.
        costs: (b,) upper bounds of the dual variables.
        alpha: (machines, b) dual variables.
        order: (b,) in which the vectors are visited.

    Returns:
        (machines, b) dual variables, and the largest projected gradient seen in the first round.
    """
    found = alpha.copy()
    worst = 0.0
    for machine in range(len(margins)):
        margin, target, now = margins[machine], targets[machine], found[machine]
        for sweep in range(ROUNDS):
            for i in order:
                gradient = target[i] * margin[i] - 1
                if (now[i] <= 0 and gradient > 0) or (now[i] >= costs[i] and gradient < 0):
                    continue
                if sweep == 0:
                    worst = max(worst, abs(gradient))
                after = min(max(now[i] - gradient / gram[i, i], 0.0), costs[i])
                step = (after - now[i]) * target[i]
                now[i] = after
                for j in range(len(margin)):
                    margin[j] += gram[i, j] * step
    return found, worst
