"""Late fusion with learned weights: a weighted sum of calibrated log-probabilities.

Stacking (Wolpert, "Stacked generalization", Neural Networks 5, 1992) with weights that are not
negative (Breiman, "Stacked regressions", Machine Learning 24, 1996), as a product of experts: with
equal weights it is the mean log-probability of the calibrated members, with a single weight the
calibrated member itself. A number per member and one per class, so that few images are enough.
"""

from typing import Self

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from strata.parameter_types import PositiveFloat


class ScoreFusion(ClassifierMixin, BaseEstimator):
    """Weights of several classifiers' scores, of least log loss on images that none has learned.

    Each member's scores are first calibrated by a temperature, so that their scale does not
    matter. With z_im the calibrated log-probabilities of image i by member m, the fused ones are
    log softmax(sum_m w_m z_im + b), w_m >= 0, and weights w and biases b of the classes minimize

        sum_i -log p_i(y_i) + (|w - mean(w)|^2 + |b|^2) / (2 C).

    The penalty pulls towards equal weights and leaves their sum free, which is the temperature of
    the whole. The problem is convex. Both fits count one image more, of unknown class: the images'
    mean log loss of every class, so that temperatures stay finite where all images are classified
    correctly (as with the targets of Platt, "Probabilistic outputs for support vector machines",
    1999).

    Args:
        C: inverse strength of the pull towards equal weights and no biases.

    Attributes:
        temperatures_: (m,) float64, of each member's scores; infinite if they tell nothing.
        weights_: (m,) float64, 0 or more, of the calibrated log-probabilities.
        coef_: (m,) float64, weights_ / temperatures_: of the scores as they are given.
        intercept_: (c,) float64, the biases.
        shares_: (m,) float64, sum 1: standard deviation of each member's part in the fused scores,
            over the sum of these; near 0 for a member that tells nothing, whatever its weight.
        log_loss_: mean of the fused log-probabilities on the images of the fit, in nats.
        member_log_losses_: (m,) float64, the same of each calibrated member alone.
        classes_: (c,) the class numbers 0 to c - 1, one per column.

    Examples:
        >>> import numpy as np
        >>> from strata.models import ScoreFusion
        >>> rng = np.random.default_rng(0)
        >>> y = rng.integers(3, size=100)
        >>> good, noise = 2 * np.eye(3)[y] + rng.normal(size=(100, 3)), rng.normal(size=(100, 3))
        >>> fusion = ScoreFusion().fit(np.stack([good, noise], axis=1), y)
        >>> (fusion.shares_ > 0.1).tolist()
        [True, False]
    """

    def __init__(self, C: PositiveFloat = 0.3) -> None:
        self.C = C

    def fit(self, X: np.ndarray, y: np.ndarray) -> Self:
        """Fit temperatures, weights and biases.

        Args:
            X: (n, m, c) float, scores of n images by m members: logits, log-probabilities, or
                decision values of any scale.
            y: (n,) int, class numbers from 0 to c - 1.
        """
        scores, y = np.asarray(X, np.float64), np.asarray(y)
        members = scores.shape[1]
        self.classes_ = np.arange(scores.shape[2])
        slopes = np.array([_fit_slope(scores[:, [m]], y) for m in range(members)])
        with np.errstate(divide="ignore"):
            self.temperatures_ = 1 / slopes
        Z = log_softmax(scores * slopes[:, None], axis=2)
        found = _minimize(Z, y, self.C, bias_bound=None)
        self.weights_, self.intercept_ = found[:members], found[members:]
        self.coef_ = self.weights_ * slopes
        amounts = self.coef_ * (scores - scores.mean(axis=2, keepdims=True)).std(axis=(0, 2))
        self.shares_ = amounts / (amounts.sum() or 1.0)
        rows = np.arange(len(y))
        self.member_log_losses_ = -Z[rows, :, y].mean(axis=0)
        fused = log_softmax(self.decision_function(scores), axis=1)
        self.log_loss_ = -float(fused[rows, y].mean())
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Fused log-probabilities (n, c) float64, each row up to a constant."""
        check_is_fitted(self)
        return fused_scores(np.asarray(X, np.float64), self.coef_, self.intercept_)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Fused probabilities (n, c) float64."""
        found: np.ndarray = softmax(self.decision_function(X), axis=1)
        return found

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Class numbers (n,)."""
        return self.classes_[self.decision_function(X).argmax(axis=1)]


def fused_scores(X: np.ndarray, coef: np.ndarray, intercept: np.ndarray) -> np.ndarray:
    """Weighted sum (n, c) of scores (n, m, c) over members, plus a bias per class."""
    return np.einsum("nmc,m->nc", X, coef) + intercept


def penalized_log_loss(
    theta: np.ndarray, Z: np.ndarray, y: np.ndarray, C: float
) -> tuple[float, np.ndarray]:
    """Objective of weights and biases, over the number of images, and its gradient.

    Args:
        theta: (m + c,) float64, weights and biases.
        Z: (n, m, c) logits of each member.
        y: (n,) int class numbers.
        C: inverse strength of the penalty.
    """
    n, m, c = Z.shape
    weights, bias = theta[:m], theta[m:]
    targets = np.full((n, c), 1 / (n * c))  # the rows of one image of unknown class
    targets[np.arange(n), y] += 1
    count = 1 + 1 / n
    logits = fused_scores(Z, weights, bias)
    apart = np.concatenate([weights - weights.mean(), bias])
    value = count * logsumexp(logits, axis=1).sum() - (targets * logits).sum()
    residuals = count * softmax(logits, axis=1) - targets
    gradient = np.concatenate([np.einsum("nmc,nc->m", Z, residuals), residuals.sum(axis=0)])
    return (value + apart @ apart / (2 * C)) / n, (gradient + apart / C) / n


def _fit_slope(scores: np.ndarray, y: np.ndarray) -> float:
    """The factor s >= 0 at which softmax(s scores) has the least log loss; scores (n, 1, c)."""
    spread = float(scores.std()) or 1.0
    return float(_minimize(scores / spread, y, C=np.inf, bias_bound=0.0)[0]) / spread


def _minimize(Z: np.ndarray, y: np.ndarray, C: float, *, bias_bound: float | None) -> np.ndarray:
    """Weights and biases (m + c,) of least penalized log loss."""
    _, m, c = Z.shape
    low = None if bias_bound is None else -bias_bound
    found = minimize(
        penalized_log_loss,
        np.concatenate([np.full(m, 1 / m), np.zeros(c)]),
        args=(Z, y, C),
        jac=True,
        bounds=[(0.0, None)] * m + [(low, bias_bound)] * c,
        method="L-BFGS-B",
        options={"ftol": 1e-12, "gtol": 1e-8},
    )
    return np.asarray(found.x)
