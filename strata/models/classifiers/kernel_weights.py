"""Weights of a sum of kernels, learned by the leave-one-out loss of kernel ridge regression.

Multiple-kernel learning for a handful of kernels. With K = sum_m w_m K_m / tr_m and one-hot targets
Y, kernel ridge regression predicts image i from the others as (Allen's PRESS; Cawley and Talbot,
"Preventing over-fitting during model selection", JMLR 8, 2007)::

    f_i = y_i - (P Y)_i / P_ii,    P = (K + b 1 1' + I)^-1

so one inverse gives the predictions of all images, each by a model that has not seen it. The
weights minimize the cross-entropy of softmax(s f): smooth in few numbers, with a gradient in closed
form, and no inner folds. Kernel alignment (Cortes, Mohri and Rostamizadeh, JMLR 13, 2012) asks how
similar each kernel is to the labels, not how well their sum predicts.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

#: Constant b that is added to the kernel: the prior variance of the intercept, hardly penalized.
BIAS = 100.0
#: Sum of the weights that the search starts from, and log(s): a ridge of a tenth of the variance.
START, START_LOG_SCALE = 10.0, np.log(5.0)
#: Relative decrease of the loss in one iteration at which the search ends.
TOLERANCE = 1e-6
#: Bounds of the logarithms of the weights and of s.
WEIGHT_BOUNDS, SCALE_BOUNDS = (-6.0, 6.0), (0.0, 5.0)


class KernelWeights(NamedTuple):
    """Learned weights.

    Attributes:
        weights: (m,) float64, sum 1; 0 for kernels that do not vary.
        log_loss: mean leave-one-out cross-entropy, in nats.
        n_iter: iterations of the optimizer.
    """

    weights: np.ndarray
    log_loss: float
    n_iter: int


def fit_kernel_weights(
    grams: Sequence[np.ndarray], codes: np.ndarray, *, C: float = 1.0, max_iter: int = 50
) -> KernelWeights:
    """Weights of kernels for a classifier on their sum.

    Args:
        grams: m kernel matrices (n, n) of the same images, positive semidefinite.
        codes: (n,) int class numbers from 0.
        C: inverse strength of the pull of the weights, each times the variance of its kernel,
            towards equal ones: a normal prior of variance C of their logarithms.
        max_iter: iterations of L-BFGS, at most.
    """
    scales = np.array([1 / v if (v := _variance(gram)) > 0 else 0.0 for gram in grams])
    if not scales.any():
        return KernelWeights(np.full(len(grams), 1 / len(grams)), np.nan, 0)
    used = np.flatnonzero(scales).tolist()
    problem = _LeaveOneOut([scales[m] * grams[m].astype(np.float64) for m in used], codes, C)
    start = np.append(np.full(len(used), np.log(START / len(used))), START_LOG_SCALE)
    found = minimize(
        problem.loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[WEIGHT_BOUNDS] * len(used) + [SCALE_BOUNDS],
        options={"maxiter": max_iter, "ftol": TOLERANCE},
    )
    weights = np.zeros(len(grams))
    weights[used] = np.exp(found.x[:-1]) * scales[used]
    return KernelWeights(weights / weights.sum(), problem.cross_entropy(found.x), int(found.nit))


def _variance(gram: np.ndarray) -> float:
    """Mean squared distance of the images from their mean, in the kernel's feature space.

    Zero where it is rounding error.
    """
    squares = float(np.trace(gram, dtype=np.float64)) / len(gram)
    variance = squares - float(gram.mean(dtype=np.float64))
    return variance if variance > 1e-6 * squares else 0.0


class _LeaveOneOut:
    """Leave-one-out loss as a function of (log weights, log s).

    Args:
        kernels: (n, n) float64, of variance 1.
        codes: (n,) class numbers.
        C: variance of the prior of the log weights.
    """

    def __init__(self, kernels: list[np.ndarray], codes: np.ndarray, C: float) -> None:
        self.kernels, self.codes, self.C = kernels, codes, C
        self.targets = np.eye(codes.max() + 1)[codes]
        self.rows = np.arange(len(codes))

    def loss(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Mean cross-entropy plus the prior, and the gradient (m + 1,)."""
        n, scale = len(self.codes), np.exp(theta[-1])
        inverse, residuals = self._residuals(theta)
        predicted = self.targets - residuals
        log_loss, by_logit = self._cross_entropy(scale * predicted)
        spread = theta[:-1] - theta[:-1].mean()
        value = log_loss + (spread @ spread) / (2 * self.C * n)
        by_kernel = self._by_kernel(inverse, residuals, -scale * by_logit)
        by_weight = np.array([np.vdot(by_kernel, kernel) for kernel in self.kernels])
        by_scale = scale * np.vdot(by_logit, predicted)
        by_weight = np.exp(theta[:-1]) * by_weight + spread / (self.C * n)
        return value, np.append(by_weight, by_scale)

    def cross_entropy(self, theta: np.ndarray) -> float:
        """Mean leave-one-out cross-entropy, in nats."""
        predicted = self.targets - self._residuals(theta)[1]
        return self._cross_entropy(np.exp(theta[-1]) * predicted)[0]

    def _residuals(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """P, and the leave-one-out residuals y_i - f_i (n, classes)."""
        total = sum(w * kernel for w, kernel in zip(np.exp(theta[:-1]), self.kernels, strict=True))
        inverse = _inverse(total + BIAS + np.eye(len(self.codes)))
        return inverse, inverse @ self.targets / inverse.diagonal()[:, None]

    def _cross_entropy(self, logits: np.ndarray) -> tuple[float, np.ndarray]:
        """Mean cross-entropy and its gradient (n, classes)."""
        value = -float(log_softmax(logits, axis=1)[self.rows, self.codes].mean())
        return value, (softmax(logits, axis=1) - self.targets) / len(self.codes)

    @staticmethod
    def _by_kernel(inverse: np.ndarray, residuals: np.ndarray, given: np.ndarray) -> np.ndarray:
        """Gradient by the kernel matrix (n, n), from that by the residuals (n, classes).

        With d = diag(P): r = P Y / d, and a change D of the matrix changes P by -P D P.
        """
        d = inverse.diagonal()
        by_coefficient = given / d[:, None]
        by_diagonal = (given * residuals).sum(axis=1) / d
        coefficients = residuals * d[:, None]  # P Y
        through_diagonal = (inverse * by_diagonal) @ inverse
        return through_diagonal - inverse @ by_coefficient @ coefficients.T


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a symmetric positive definite matrix, by Cholesky's decomposition."""
    factor, failed = dpotrf(matrix.T, lower=1, overwrite_a=1)
    lower, singular = dpotri(factor, lower=1, overwrite_c=1)
    if failed or singular:
        raise np.linalg.LinAlgError("A kernel matrix is not positive semidefinite.")
    lower = np.tril(lower)
    return lower + np.tril(lower, -1).T
