"""Gaussian mixtures with diagonal covariances, by expectation maximization in blocks.

With z = [x, x^2, 1], the log densities of all components are one product z W, and every statistic
that EM and the Fisher vector need is a sum of posteriors times z. Points are shifted by the
training mean first, so that float32 loses little in E[x^2] - E[x]^2; sums over many points are
float64.
"""

from collections.abc import Iterator
from typing import NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from strata.errors import InputError
from strata.features._simd.gmm_posteriors import posterior_sums
from strata.features.codebooks.kmeans import KMeansCodebook

_BLOCK = 512  # points at a time: posteriors and z stay in the second-level cache

#: Variance of a dimension, below which its points are all the same: the inverse of their share of
#: it, `variance_floor`, would be too large for float32.
_CONSTANT = 1e-30


class Statistics(NamedTuple):
    """Posterior-weighted sums over points, in the shifted coordinates of their mixture.

    Attributes:
        mass: (k,) float64, sum of each component's posteriors.
        first: (k, d) float64, sum of posterior times x.
        second: (k, d) float64, sum of posterior times x^2.
        log_likelihood: sum over the points of log p(x).
        points: how many points.
    """

    mass: np.ndarray
    first: np.ndarray
    second: np.ndarray
    log_likelihood: float
    points: int


class DiagonalGaussianMixture(DensityMixin, BaseEstimator):
    """A mixture of Gaussians with diagonal covariances, started from k-means.

    Args:
        n_components: how many Gaussians.
        max_iter: EM steps at most.
        tol: it stops where the mean log-likelihood per point grows by less, in nats.
        variance_floor: least variance, as a share of the training points' variance in the same
            dimension.
        random_state: of the k-means start.

    Attributes:
        weights_: (components,) float64, summing to one.
        means_: (components, d) float64.
        variances_: (components, d) float64.
        shift_: (d,) float32, what is subtracted from points before the arithmetic in float32.
        density_map_: W (2 d + 1, components) float32, so that with x less the shift [x, x^2, 1] W
            are the log joint densities.
        n_iter_: EM steps made.
        converged_: whether the tolerance stopped it.
        log_likelihoods_: mean log-likelihood per training point before each step.
    """

    def __init__(
        self,
        n_components: int = 64,
        max_iter: int = 30,
        tol: float = 1e-3,
        variance_floor: float = 1e-4,
        random_state: int = 0,
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
        self.log_likelihoods_: list[float] = []
        self.converged_ = False
        self.n_iter_ = 0
        while self.n_iter_ < self.max_iter and not self.converged_:
            self.n_iter_ += 1
            found = self.statistics(X)
            self.log_likelihoods_.append(found.log_likelihood / found.points)
            self._maximize(found, floor)
            recent = self.log_likelihoods_[-2:]
            self.converged_ = len(recent) == 2 and recent[1] - recent[0] < self.tol
        return self

    def statistics(self, X: np.ndarray) -> Statistics:
        """Sums of (n, d) float32 points weighted by their posteriors.

        That is the E step of EM, and nearly all the work of a Fisher vector. Posteriors below
        2e-6 of a point's greatest are left out.
        """
        d = self.means_.shape[1]
        total, log_likelihood = posterior_sums(X, self.shift_, self.density_map_)
        return Statistics(
            total[:, 2 * d], total[:, :d], total[:, d : 2 * d], log_likelihood, len(X)
        )

    def score_samples(self, X: np.ndarray) -> np.ndarray:
        """log p(x) of each row of (n, d) -> (n,) float64, in nats."""
        X = self._checked(X)
        parts = [_softmax(z @ self.density_map_)[1] for z in self._expanded(X)]
        return np.concatenate(parts).astype(np.float64)

    def score(self, X: np.ndarray, y: object = None) -> float:
        """Mean log-likelihood per row of (n, d), in nats."""
        return float(self.score_samples(X).mean())

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Posterior of each component for each row of (n, d) -> (n, components) float32."""
        X = self._checked(X)
        return np.concatenate([_softmax(z @ self.density_map_)[0] for z in self._expanded(X)])

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The most probable component of each row of (n, d) -> (n,) int64."""
        return self.predict_proba(X).argmax(axis=1)

    def _checked(self, X: np.ndarray) -> np.ndarray:
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float32, reset=False)

    def _maximize(self, found: Statistics, floor: np.ndarray) -> None:
        """The M step; a component that has lost its points keeps a vanishing weight."""
        mass = found.mass + 10 * np.finfo(np.float64).eps
        shifted = found.first / mass[:, None]
        self.variances_ = np.maximum(found.second / mass[:, None] - shifted**2, floor)
        self.means_ = shifted + self.shift_
        self.weights_ = mass / mass.sum()
        self.density_map_ = self._density_map()

    def _density_map(self) -> np.ndarray:
        means = self.means_ - self.shift_
        constant = np.log(self.weights_) - 0.5 * (
            np.log(2 * np.pi * self.variances_) + means**2 / self.variances_
        ).sum(axis=1)
        rows = [(means / self.variances_).T, -0.5 / self.variances_.T, constant[None]]
        return np.concatenate(rows).astype(np.float32)

    def _expanded(self, X: np.ndarray) -> Iterator[np.ndarray]:
        """Yield z = [x, x^2, 1] of one block of points after another; the buffer is reused."""
        d = X.shape[1]
        buffer = np.ones((_BLOCK, 2 * d + 1), np.float32)
        for start in range(0, len(X), _BLOCK):
            block = X[start : start + _BLOCK]
            z = buffer[: len(block)]
            np.subtract(block, self.shift_, out=z[:, :d])
            np.square(z[:, :d], out=z[:, d : 2 * d])
            yield z


def _softmax(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Posteriors, in place of the logits, and log sum exp of each row."""
    top = logits.max(axis=1, keepdims=True)
    logits -= top
    np.exp(logits, out=logits)
    total = logits.sum(axis=1, keepdims=True)
    logits /= total
    return logits, (np.log(total) + top)[:, 0]


def _hard_statistics(X: np.ndarray, components: int, seed: int) -> Statistics:
    """The statistics of points that belong wholly to their nearest k-means center."""
    start = KMeansCodebook(components, max_iter=10, random_state=seed).fit(X)
    member = np.eye(components, dtype=np.float32)
    total = np.zeros((components, 2 * X.shape[1] + 1))
    for first in range(0, len(X), _BLOCK):
        block = X[first : first + _BLOCK]
        z = np.concatenate([block, block**2, np.ones((len(block), 1), np.float32)], axis=1)
        total += member[start.labels_[first : first + _BLOCK]].T @ z
    d = X.shape[1]
    return Statistics(total[:, 2 * d], total[:, :d], total[:, d : 2 * d], 0.0, len(X))
