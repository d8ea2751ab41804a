"""Weights of blocks of a vector's components, such as those of the nodes of a network."""

from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import validate_data

from strata.errors import InputError
from strata.parameter_types import PositiveInts, Weights, check_weights


class BlockWeights(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Blocks of components times square roots of weights, of mean 1.

    A linear kernel of the result is the weighted sum of the blocks' kernels. Equal weights leave
    vectors as they are; a block of weight 0 becomes zeros. Nothing is learned from vectors.

    Args:
        widths: number of components of each block, in their order.
        weights: one per block, not all zero; only their ratios count; none: equal ones.
    """

    def __init__(self, widths: PositiveInts = (1,), weights: Weights = ()) -> None:
        self.widths = widths
        self.weights = weights

    def fit(self, X: np.ndarray, y: object = None) -> Self:
        """Check that (n, d) vectors have as many components as the blocks.

        Raises:
            InputError: they have not, or there is not one weight for each block.
        """
        X = validate_data(self, X, dtype=(np.float64, np.float32))
        check_weights(tuple(self.weights), len(self.widths))
        if X.shape[1] != sum(self.widths):
            raise InputError(
                f"Vectors of {X.shape[1]} numbers do not consist of blocks of {self.widths}."
            )
        return self

    def factors(self) -> np.ndarray:
        """Square roots of the weights, of mean 1, for each component: (d,) float64."""
        given = self.weights or [1.0] * len(self.widths)
        weights = np.asarray(given, np.float64)
        return np.repeat(np.sqrt(weights / weights.mean()), self.widths)

    def transform(self, X: np.ndarray) -> np.ndarray:
        """(n, d) floating -> (n, d) of the same dtype."""
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        scaled: np.ndarray = X * self.factors().astype(X.dtype)
        return scaled
