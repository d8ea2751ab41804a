"""Vectors to class scores: SVM, logistic regression, MLP, k nearest neighbors."""

import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

import numpy as np

from strata.errors import InputError
from strata.parameter_types import PositiveFloat, PositiveInt
from strata.pipeline.graph.decorators import stage
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.sharded_arrays import Shards

#: Bytes of training vectors, or of their Gram matrix, that a linear classifier takes into memory.
IN_MEMORY = 2**29


@stage(
    estimator="strata.models.classifiers.kernel_svm:KernelSVM",
    role="classifier",
)
def svm(
    vectors: Shards,
    train: Subset,
    *,
    kernel: Literal[
        "linear",
        "polynomial",
        "rbf",
        "sigmoid",
        "intersection",
        "generalized_intersection",
        "chi2",
        "hellinger",
    ] = "linear",
    coef0: float = 0.0,
    degree: PositiveInt = 3,
    alpha: PositiveFloat = 0.5,
    class_weight: Literal["balanced"] | None = None,
    **parameters: Any,
) -> dict[str, Any]:
    """Kernel SVM, one-vs-rest.

    Linear SVMs on more than half a gigabyte of vectors, or 8,192 of them, read them shard by shard
    (`LinearSVM`), with one validation set in place of the inner folds.

    Args:
        kernel: "linear", "polynomial", "rbf" or "sigmoid" as in scikit-learn, or one for
            histograms: "intersection", "generalized_intersection", "chi2", "hellinger".
        coef0: constant of the polynomial and sigmoid kernels.
        degree: of the polynomial kernel.
        alpha: exponent of the generalized intersection kernel.
        class_weight: "balanced": C is multiplied by n / (classes * images of the class); None:
            every image counts alike.
    """
    C, gamma, inner_folds = parameters["C"], parameters["gamma"], parameters["inner_folds"]
    if kernel == "linear" and max(vectors.size("vectors", train), 8 * len(train) ** 2) > IN_MEMORY:
        return _streamed_linear_svm(vectors, train, C, class_weight, inner_folds)
    from sklearn.exceptions import ConvergenceWarning

    from strata.models.classifiers.kernel_svm import KernelSVM

    rows = vectors.rows("vectors", train)
    classifier = KernelSVM(
        kernel=_kernel(kernel, rows, gamma, coef0, degree, alpha),
        class_weight=class_weight,
        **parameters,
        random_state=train.seed_for("svm"),
    )
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):  # the report tells
        classifier.fit(rows, train.y, train.groups)
    linear = hasattr(classifier, "coef_")
    learned = classifier.coef_ if linear else classifier.dual_coef_
    return fitted_with(
        classifier,
        **({} if linear else _images_of(train, classifier.support_)),
        parameters=int(learned.size + classifier.intercept_.size),
        training_accuracy=float(classifier.training_accuracy_),
        converged=classifier.converged_,
    )


def _streamed_linear_svm(
    vectors: Shards, train: Subset, C: float | str, class_weight: str | None, inner_folds: int
) -> dict[str, Any]:
    from sklearn.exceptions import ConvergenceWarning

    from strata.models.classifiers.linear_svm import LinearSVM

    classifier = LinearSVM(
        C=C,  # type: ignore[arg-type]
        class_weight=class_weight,  # type: ignore[arg-type]
        validation_fraction=1 / inner_folds if inner_folds else 0,
        random_state=train.seed_for("svm"),
    )
    blocks = partial(vectors.blocks, "vectors", train)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):  # the report tells
        classifier.fit_blocks(blocks, train.y, train.groups)
    return fitted_with(
        classifier,
        parameters=int(classifier.coef_.size + classifier.intercept_.size),
        training_accuracy=classifier.training_accuracy_,
        converged=classifier.converged_,
        n_iter=classifier.n_iter_,
        gap=classifier.gap_,
    )


def _kernel(
    name: str,
    rows: np.ndarray,
    gamma: float | str,
    coef0: float,
    degree: int,
    alpha: float,
) -> Any:
    """Kernel as `KernelSVM` takes it: its own by name, others as functions."""
    from strata.features.transforms import kernels

    if name in ("linear", "rbf"):
        return name
    if name == "generalized_intersection":
        return partial(kernels.generalized_intersection, alpha=alpha)
    if name in ("polynomial", "sigmoid"):
        if gamma == "cv":
            raise InputError(
                f'gamma = "cv" is for the kernel rbf, not {name}.', "Give gamma a number."
            )
        value = gamma if isinstance(gamma, float) else 1 / (rows.shape[1] * float(rows.var()) or 1)
        if name == "sigmoid":
            return partial(kernels.sigmoid, gamma=value, coef0=coef0)
        return partial(kernels.polynomial, gamma=value, coef0=coef0, degree=degree)
    ours = {
        "intersection": kernels.intersection,
        "chi2": kernels.chi2,
        "hellinger": kernels.hellinger,
    }
    return ours[name]


@stage(
    estimator="strata.models.classifiers.logistic:CalibratedLogistic",
    role="classifier",
)
def logistic(vectors: Shards, train: Subset, **parameters: Any) -> dict[str, Any]:
    """Multinomial logistic regression with an L2 penalty, and calibrated probabilities.

    More than half a gigabyte of vectors is read shard by shard in every step of its optimizer, and
    one of the inner folds calibrates.
    """
    from sklearn.exceptions import ConvergenceWarning

    from strata.models.classifiers.logistic import CalibratedLogistic

    classifier = CalibratedLogistic(**parameters, random_state=train.seed_for("logistic"))
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):  # the report tells
        if vectors.size("vectors", train) > IN_MEMORY:
            blocks = partial(vectors.blocks, "vectors", train)
            classifier.fit_blocks(blocks, train.y, train.groups)
        else:
            classifier.fit(vectors.rows("vectors", train), train.y, train.groups)
    return fitted_with(
        classifier,
        parameters=int(classifier.coef_.size + classifier.intercept_.size),
        training_accuracy=classifier.training_accuracy_,
        converged=classifier.converged_,
        n_iter=classifier.n_iter_,
    )


@stage(
    estimator="strata.models.classifiers.mlp:CalibratedMLP",
    role="classifier",
)
def mlp(vectors: Shards, train: Subset, **parameters: Any) -> dict[str, Any]:
    """Multilayer perceptron on vectors: one hidden layer of 64 units, calibrated probabilities.

    Of half a gigabyte of vectors at most.
    """
    from sklearn.exceptions import ConvergenceWarning

    from strata.models.classifiers.mlp import CalibratedMLP

    if (size := vectors.size("vectors", train)) > IN_MEMORY:
        raise InputError(
            f"{len(train)} vectors of {size // len(train) // 4} numbers are too many for an MLP, "
            f"which takes all of them into memory ({IN_MEMORY >> 20} MB at most).",
            'Shorten them with reduction.use = "pca", or take classifier.use = "logistic" or '
            '"svm", which read them shard by shard.',
        )
    classifier = CalibratedMLP(**parameters, random_state=train.seed_for("mlp"))
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):  # the report tells
        classifier.fit(vectors.rows("vectors", train), train.y, train.groups)
    layers = zip(classifier.coefs_, classifier.intercepts_, strict=True)
    return fitted_with(
        classifier,
        parameters=int(sum(coef.size + intercept.size for coef, intercept in layers)),
        training_accuracy=classifier.training_accuracy_,
        converged=classifier.converged_,
        n_iter=classifier.n_iter_,
    )


@stage(
    estimator="strata.models.classifiers.smoothed_knn:SmoothedKNN",
    role="classifier",
)
def knn(vectors: Shards, train: Subset, **parameters: Any) -> dict[str, Any]:
    """k nearest neighbors among the training vectors, and calibrated probabilities."""
    from strata.models.classifiers.smoothed_knn import SmoothedKNN

    rows = vectors.rows("vectors", train)
    classifier = SmoothedKNN(**parameters, random_state=train.seed_for("knn"))
    classifier.fit(rows, train.y, train.groups)
    return fitted_with(
        classifier, **_images_of(train, np.arange(len(train))), parameters=int(rows.size)
    )


def _images_of(train: Subset, rows: np.ndarray) -> dict[str, list[str]]:
    """Names and digests of the images whose vectors a classifier keeps, in their order there."""
    return {
        "ids": [train.ids[row] for row in rows],
        "digests": [train.digests[row] for row in rows],
    }


def fitted_with(classifier: Any, **facts: Any) -> dict[str, Any]:
    """Artifact of a fitted classifier, with the numbers of the classes that it knows."""
    return {"classifier": classifier, "classes": [int(c) for c in classifier.classes_], **facts}


@stage(role="vector scores")
def class_scores(vectors: Shards, fitted: Mapping[str, Any], test: Subset) -> dict[str, Any]:
    """Decision values and probabilities of images, in the columns of all classes."""
    classes = len(test.classes)
    found: dict[str, np.ndarray] = {}
    for at, rows in vectors.blocks("vectors", test):
        for name, part in in_all_classes(fitted, rows, classes).items():
            found.setdefault(name, np.zeros((len(test), classes)))[at] = part
    return found or {"scores": np.zeros((0, classes))}


def in_all_classes(fitted: Mapping[str, Any], rows: Any, classes: int) -> dict[str, Any]:
    """Scores of a fitted classifier, in columns by class number.

    A class that was not among the training images scores lowest and has probability 0.

    Args:
        fitted: `classifier` and `classes`, the numbers of the classes that it knows.
        rows: vectors or images, as the classifier takes them.
        classes: number of all classes.
    """

    from strata.models.classifiers.decision_scores import scores_and_probabilities

    scores, probabilities = scores_and_probabilities(fitted["classifier"], rows)
    known = fitted["classes"]
    all_scores = np.repeat(scores.min(axis=1, keepdims=True) - 1.0, classes, axis=1)
    all_scores[:, known] = scores
    if probabilities is None:
        return {"scores": all_scores}
    all_probabilities = np.zeros(all_scores.shape)
    all_probabilities[:, known] = probabilities
    return {"scores": all_scores, "probabilities": all_probabilities}
