"""Score of a vector as a sum over its components."""

from typing import NamedTuple

import numpy as np


class LinearScore(NamedTuple):
    """A score sum_j w_j (x_j - r_j) + b of a vector x.

    Attributes:
        weights: (d,) float64, w.
        reference: (d,) float64, r: a vector that the score is seen relative to, such as the mean
            of the training vectors, or 0.
        offset: b, the score of the reference.
    """

    weights: np.ndarray
    reference: np.ndarray
    offset: float

    @classmethod
    def of(cls, weights: np.ndarray, offset: float) -> "LinearScore":
        """Score w . x + b."""
        weights = np.asarray(weights, np.float64)
        return cls(weights, np.zeros_like(weights), float(offset))

    @classmethod
    def of_parts(cls, parts: np.ndarray, x: np.ndarray, offset: float) -> "LinearScore":
        """Score whose component j is `parts` [j] at x: w_j = parts_j / x_j, 0 where x_j is 0.

        Such a component must be 0 where x is 0.
        """
        parts = np.asarray(parts, np.float64)
        slopes = np.divide(parts, x, out=np.zeros_like(parts), where=np.asarray(x) != 0)
        return cls.of(slopes, offset)

    def plus(self, other: "LinearScore") -> "LinearScore":
        """Sum of two scores of one vector, relative to 0 unless both have one reference."""
        weights = self.weights + other.weights
        if np.array_equal(self.reference, other.reference):
            return LinearScore(weights, self.reference, self.offset + other.offset)
        return LinearScore.of(weights, self.constant + other.constant)

    @property
    def constant(self) -> float:
        """Part of the score that does not depend on x: b - w . r."""
        return float(self.offset - self.weights @ self.reference)

    def __call__(self, x: np.ndarray) -> float:
        """Score of x (d,)."""
        return float(self.weights @ (x - self.reference) + self.offset)
