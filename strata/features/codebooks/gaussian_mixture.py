"""Gaussian mixture models with diagonal covariances, fitted by EM on blocks of points.

With z = [x, x^2, 1], the log joint densities of all components are one product z W, and every
statistic that EM and the Fisher vector need is a sum of posteriors times z. Points are shifted by
the training mean first, so that float32 loses little in E[x^2] - E[x]^2; sums over many points are
float64.
"""

from collections.abc import Iterator
from typing import NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from strata._compiled import KERNELS
from strata.errors import InputError
from strata.features.codebooks.kmeans import KMeansCodebook
from strata.parameter_types import NonNegativeInt, PositiveFloat, PositiveInt

if KERNELS == "numba":
    from strata.features._simd.gmm_posteriors import posterior_sums

_BLOCK = 512  # points at a time: posteriors and z stay in the L2 cache

#: Dimensions of less variance count as constant: 1 / (variance_floor * variance) would overflow
#: float32.
_CONSTANT = 1e-30


class Statistics(NamedTuple):
    """Sufficient statistics: posterior-weighted sums of points less the mixture's shift.

    Attributes:
        mass: (k,) float64, sum of each component's posteriors.
        first: (k, d) float64, sum of posterior times x.
        second: (k, d) float64, sum of posterior times x^2.
        log_likelihood: sum over the points of log p(x).
        n_points: number of points.
    """

    mass: np.ndarray
    first: np.ndarray
    second: np.ndarray
    log_likelihood: float
    n_points: int


class DiagonalGaussianMixture(DensityMixin, BaseEstimator):
    """Gaussian mixture with diagonal covariances, fitted by EM and initialized by k-means.

    Args:
        n_components: number of Gaussians.
        max_iter: EM steps, at most.
        tol: EM stops where the mean log-likelihood per point grows by less, in nats.
        variance_floor: least variance, as a fraction of the training points' variance in the same
            dimension.
        random_state: seed of the k-means initialization.

    Attributes:
        weights_: (components,) float64, summing to one.
        means_: (components, d) float64.
        covariances_: (components, d) float64.
        shift_: (d,) float32, subtracted from points before the arithmetic in float32.
        density_map_: W (2 d + 1, components) float32; with x less the shift, [x, x^2, 1] W are the
            log joint densities.
        n_iter_: EM steps made.
        converged_: whether the tolerance stopped EM.
        lower_bounds_: mean log-likelihood per training point before each step.

    Examples:
        >>> import numpy as np
        >>> from strata.features import DiagonalGaussianMixture
        >>> X = np.concatenate([np.zeros((20, 2)), np.ones((20, 2))]) + np.eye(40, 2)
        >>> DiagonalGaussianMixture(n_components=2).fit(X).weights_.round(1).tolist()
        [0.5, 0.5]
    """

    def __init__(
        self,
        n_components: PositiveInt = 64,
        max_iter: PositiveInt = 30,
        tol: float = 1e-3,
        variance_floor: PositiveFloat = 1e-4,
        random_state: NonNegativeInt = 0,
    ) -> None:
        self.n_components = n_components
        self.max_iter = max_iter
        self.tol = tol
        self.variance_floor = variance_floor
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: object = None) -> Self:
        """Learn the mixture from (n, d) points.

        Raises:
            InputError: fewer points than components.
        """
        X = validate_data(self, X, dtype=np.float32, order="C")
        if len(X) < self.n_components:
            raise InputError(
                f"{len(X)} points are too few for {self.n_components} Gaussians.",
                "Take fewer Gaussians or a larger sample.",
            )
        self.shift_ = X.mean(axis=0, dtype=np.float64).astype(np.float32)
        spread = X.var(axis=0, dtype=np.float64)
        floor = np.where(spread > _CONSTANT, self.variance_floor * spread, 1.0)
        self._maximize(
            _hard_statistics(X - self.shift_, self.n_components, self.random_state), floor
        )
        self.lower_bounds_: list[float] = []
        self.converged_ = False
        self.n_iter_ = 0
        while self.n_iter_ < self.max_iter and not self.converged_:
            self.n_iter_ += 1
            found = self.statistics(X)
            self.lower_bounds_.append(found.log_likelihood / found.n_points)
            self._maximize(found, floor)
            recent = self.lower_bounds_[-2:]
            self.converged_ = len(recent) == 2 and recent[1] - recent[0] < self.tol
        return self

    def statistics(self, X: np.ndarray) -> Statistics:
        """Posterior-weighted sums of (n, d) float32 points: the E step of EM.

        It is nearly all the work of a Fisher vector. The compiled kernel leaves out posteriors
        below 2e-6 of a point's greatest.
        """
        d = self.means_.shape[1]
        if KERNELS == "numpy":
            total, log_likelihood = self._posterior_sums_numpy(X)
        else:
            total, log_likelihood = posterior_sums(X, self.shift_, self.density_map_)
        return Statistics(
            total[:, 2 * d], total[:, :d], total[:, d : 2 * d], log_likelihood, len(X)
        )

    def score_samples(self, X: np.ndarray) -> np.ndarray:
        """Log-likelihood log p(x) of each row of (n, d) -> (n,) float64, in nats."""
        X = self._validate(X)
        parts = [_softmax(z @ self.density_map_)[1] for z in self._expanded(X)]
        return np.concatenate(parts).astype(np.float64)

    def score(self, X: np.ndarray, y: object = None) -> float:
        """Mean log-likelihood per row of (n, d), in nats."""
        return float(self.score_samples(X).mean())

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Posterior of each component for each row of (n, d) -> (n, components) float32."""
        X = self._validate(X)
        return np.concatenate([_softmax(z @ self.density_map_)[0] for z in self._expanded(X)])

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Most probable component of each row of (n, d) -> (n,) int64."""
        return self.predict_proba(X).argmax(axis=1)

    def _validate(self, X: np.ndarray) -> np.ndarray:
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float32, reset=False)

    def _maximize(self, found: Statistics, floor: np.ndarray) -> None:
        """M step; a component that has lost its points keeps a vanishing weight."""
        mass = found.mass + 10 * np.finfo(np.float64).eps
        shifted = found.first / mass[:, None]
        self.covariances_ = np.maximum(found.second / mass[:, None] - shifted**2, floor)
        self.means_ = shifted + self.shift_
        self.weights_ = mass / mass.sum()
        self.density_map_ = self._density_map()

    def _density_map(self) -> np.ndarray:
        """`density_map_` of the current weights, means and variances."""
        means = self.means_ - self.shift_
        constant = np.log(self.weights_) - 0.5 * (
            np.log(2 * np.pi * self.covariances_) + means**2 / self.covariances_
        ).sum(axis=1)
        rows = [(means / self.covariances_).T, -0.5 / self.covariances_.T, constant[None]]
        return np.concatenate(rows).astype(np.float32)

    def _posterior_sums_numpy(self, X: np.ndarray) -> tuple[np.ndarray, float]:
        """`posterior_sums` of the compiled kernel by two matrix products, no posterior left out."""
        total, log_likelihood = np.zeros((len(self.weights_), 2 * X.shape[1] + 1)), 0.0
        for z in self._expanded(X):
            posteriors, log_p = _softmax(z @ self.density_map_)
            total += posteriors.T @ z
            log_likelihood += float(log_p.sum(dtype=np.float64))
        return total, log_likelihood

    def _expanded(self, X: np.ndarray) -> Iterator[np.ndarray]:
        """Yield z = [x, x^2, 1] of each block of points; the buffer is reused."""
        d = X.shape[1]
        buffer = np.ones((_BLOCK, 2 * d + 1), np.float32)
        for start in range(0, len(X), _BLOCK):
            block = X[start : start + _BLOCK]
            z = buffer[: len(block)]
            np.subtract(block, self.shift_, out=z[:, :d])
            np.square(z[:, :d], out=z[:, d : 2 * d])
            yield z


def _softmax(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Softmax of each row, in place, and its log-sum-exp."""
    top = logits.max(axis=1, keepdims=True)
    logits -= top
    np.exp(logits, out=logits)
    total = logits.sum(axis=1, keepdims=True)
    logits /= total
    return logits, (np.log(total) + top)[:, 0]


def _hard_statistics(X: np.ndarray, n_components: int, random_state: int) -> Statistics:
    """Statistics of points with posterior one for their nearest k-means center."""
    kmeans = KMeansCodebook(n_components, max_iter=10, random_state=random_state).fit(X)
    one_hot = np.eye(n_components, dtype=np.float32)
    total = np.zeros((n_components, 2 * X.shape[1] + 1))
    for first in range(0, len(X), _BLOCK):
        block = X[first : first + _BLOCK]
        z = np.concatenate([block, block**2, np.ones((len(block), 1), np.float32)], axis=1)
        total += one_hot[kmeans.labels_[first : first + _BLOCK]].T @ z
    d = X.shape[1]
    return Statistics(total[:, 2 * d], total[:, :d], total[:, d : 2 * d], 0.0, len(X))
