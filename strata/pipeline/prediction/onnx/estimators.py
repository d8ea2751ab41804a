"""Fitted reductions and classifiers of vectors as modules of an ONNX graph."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import Nystroem
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from strata.features.transforms.block_weights import BlockWeights
from strata.features.transforms.kernel_approximation import SPECTRA, AdditiveKernelMap
from strata.features.transforms.lda import LDA
from strata.features.transforms.normalize import CenteredPower
from strata.models.classifiers.kernel_svm import KernelSVM
from strata.models.classifiers.linear_svm import LinearSVM
from strata.models.classifiers.logistic import CalibratedLogistic
from strata.models.classifiers.mlp import CalibratedMLP
from strata.models.onnx_export.score_modules import HiddenLayers, LinearScores
from strata.models.onnx_export.vector_modules import (
    AdditiveMap,
    Affine,
    Projection,
    RBFMap,
    Scaled,
    SignedPower,
)


def reduction_module(reduction: Any) -> nn.Module | None:
    """Module of a fitted reduction, from vectors to vectors; None where there is none."""
    if isinstance(reduction, Pipeline):
        parts = [reduction_module(part) for _, part in reduction.steps]
        return None if None in parts else nn.Sequential(*parts)  # type: ignore[arg-type]
    if isinstance(reduction, StandardScaler):
        return Affine(reduction.mean_ if reduction.with_mean else None, reduction.scale_)
    if isinstance(reduction, PCA):
        directions = reduction.components_.T
        if reduction.whiten:
            deviations = np.sqrt(reduction.explained_variance_)
            smallest = np.finfo(deviations.dtype).eps  # as scikit-learn has it
            directions = directions / np.maximum(deviations, smallest)
        return Projection(reduction.mean_, directions)
    if isinstance(reduction, CenteredPower):
        return nn.Sequential(SignedPower(reduction.alpha), Affine(reduction.mean_))
    if isinstance(reduction, BlockWeights):
        return Scaled(reduction.factors())
    if isinstance(reduction, LDA):
        return Projection(reduction.mean_, reduction.directions_, double=True)
    if isinstance(reduction, AdditiveKernelMap):
        spectrum, period = SPECTRA[reduction.kernel], reduction.period
        later = [2 * period * spectrum(j * period) for j in range(1, reduction.order + 1)]
        return AdditiveMap([period * spectrum(0.0), *later], period)
    if isinstance(reduction, Nystroem) and reduction.kernel == "rbf":
        return RBFMap(reduction.components_, reduction.gamma, reduction.normalization_)
    return None


def vector_scores(
    before: nn.Module, fitted: Mapping[str, Any], num_classes: int
) -> LinearScores | None:
    """Module of the scores of a linear classifier, an MLP or an RBF-kernel SVM; None of others.

    Args:
        before: from the graph's inputs to vectors.
        fitted: `classifier` and `classes`, the numbers of the classes that it knows.
        num_classes: of the data set.
    """
    classifier = fitted["classifier"]
    intercept = getattr(classifier, "intercept_", None)
    if isinstance(classifier, CalibratedMLP):
        hidden = HiddenLayers(classifier.coefs_[:-1], classifier.intercepts_[:-1])
        before, coef = nn.Sequential(before, hidden), classifier.coefs_[-1].T
        intercept = classifier.intercepts_[-1]
    elif isinstance(classifier, KernelSVM) and classifier.kernel == "rbf":
        kernel = RBFMap(classifier.support_vectors_, classifier.gamma_)
        before, coef = nn.Sequential(before, kernel), classifier.dual_coef_
    elif isinstance(classifier, KernelSVM | LinearSVM | CalibratedLogistic):
        if getattr(classifier, "kernel", "linear") != "linear":
            return None
        coef = classifier.coef_
    else:
        return None
    temperature = None
    if hasattr(classifier, "predict_proba"):
        halved = isinstance(classifier, CalibratedLogistic) and len(classifier.classes_) == 2
        temperature = float(classifier.temperature_) * (2 if halved else 1)
    known = fitted["classes"]
    return LinearScores(before, coef, intercept, temperature, known, num_classes)
