"""Scores of a transformed vector T(x) as scores of x: the chain rule, exact at one x.

Through an affine T (scaling, PCA, LDA) the weights are multiplied by its matrix. Through a T that
maps each component by itself (powers, additive kernel maps), the weight of component j is the slope
of the line from 0 to the component's part in the score at this x. The Nystroem features are a
kernel expansion (`kernel_scores`).
"""

from functools import partial, singledispatch
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import Nystroem
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from strata.features.transforms import kernels
from strata.features.transforms.block_weights import BlockWeights
from strata.features.transforms.kernel_approximation import AdditiveKernelMap
from strata.features.transforms.kernel_scores import kernel_score
from strata.features.transforms.lda import LDA
from strata.features.transforms.linear_score import LinearScore
from strata.features.transforms.normalize import CenteredPower, power


@singledispatch
def pull_back(transformer: Any, score: LinearScore, x: np.ndarray) -> LinearScore:
    """Score of T(x) as a score of x.

    Args:
        transformer: fitted T: `StandardScaler`, `PCA`, `LDA`, `CenteredPower`, `BlockWeights`,
            `AdditiveKernelMap`, `Nystroem` with an RBF kernel, or a `Pipeline` of them.
        score: of T(x).
        x: (d,), the vector at which the two are equal.

    Returns:
        the score; its reference is the mean of the training vectors where T subtracts it, else 0.

    Raises:
        TypeError: another transformer.
    """
    raise TypeError(f"Scores are not pulled back through {type(transformer).__name__}.")


@pull_back.register
def _pipeline(transformer: Pipeline, score: LinearScore, x: np.ndarray) -> LinearScore:
    steps = [step for _, step in transformer.steps]
    inputs = [np.asarray(x)]
    for step in steps[:-1]:
        inputs.append(step.transform(inputs[-1][None])[0])
    for step, given in zip(reversed(steps), reversed(inputs), strict=True):
        score = pull_back(step, score, given)
    return score


@pull_back.register
def _scaler(transformer: StandardScaler, score: LinearScore, x: np.ndarray) -> LinearScore:
    weights = score.weights / transformer.scale_ if transformer.with_std else score.weights
    mean = np.array(transformer.mean_ if transformer.with_mean else np.zeros(len(x)), np.float64)
    return LinearScore(weights, mean, score.constant)


@pull_back.register
def _blocks(transformer: BlockWeights, score: LinearScore, x: np.ndarray) -> LinearScore:
    return LinearScore.of(score.weights * transformer.factors(), score.constant)


@pull_back.register
def _pca(transformer: PCA, score: LinearScore, x: np.ndarray) -> LinearScore:
    weights = score.weights
    if transformer.whiten:  # as scikit-learn: no division by a vanishing deviation
        deviations = np.sqrt(transformer.explained_variance_)
        weights = weights / np.maximum(deviations, np.finfo(deviations.dtype).eps)
    mean = np.asarray(transformer.mean_, np.float64)
    return LinearScore(weights @ transformer.components_, mean, score.constant)


@pull_back.register
def _lda(transformer: LDA, score: LinearScore, x: np.ndarray) -> LinearScore:
    return LinearScore(transformer.directions_ @ score.weights, transformer.mean_, score.constant)


@pull_back.register
def _centered_power(transformer: CenteredPower, score: LinearScore, x: np.ndarray) -> LinearScore:
    parts = score.weights * power(np.asarray(x, np.float64), transformer.alpha)
    return LinearScore.of_parts(parts, x, score.constant - score.weights @ transformer.mean_)


@pull_back.register
def _additive_map(transformer: AdditiveKernelMap, score: LinearScore, x: np.ndarray) -> LinearScore:
    mapped = transformer.transform(np.asarray(x, np.float64)[None])[0]
    parts = (score.weights * mapped).reshape(-1, len(x)).sum(axis=0)
    return LinearScore.of_parts(parts, x, score.constant)


@pull_back.register
def _nystroem(transformer: Nystroem, score: LinearScore, x: np.ndarray) -> LinearScore:
    """The features are k(x, x_i) N^T, so the score is sum_i a_i k(x, x_i) with a = N^T w."""
    if transformer.kernel != "rbf":
        raise TypeError(f"Scores are not pulled back through the kernel {transformer.kernel}.")
    coefficients = np.asarray(transformer.normalization_, np.float64).T @ score.weights
    gamma = 1 / len(x) if transformer.gamma is None else transformer.gamma
    kernel = partial(kernels.rbf, gamma=gamma)
    return kernel_score(kernel, coefficients, transformer.components_, score.constant, x)
