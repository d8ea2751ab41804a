"""Scores of classified vectors, as scores of the vectors that each branch of a method makes."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from strata.errors import InputError
from strata.features.transforms import kernels
from strata.features.transforms.kernel_scores import kernel_score
from strata.features.transforms.linear_score import LinearScore
from strata.features.transforms.pull_back import pull_back
from strata.models.classifiers.training_shares import class_coefficients
from strata.pipeline.explain.prediction_run import PredictionRun, source
from strata.pipeline.stages.joins import concatenate_by
from strata.pipeline.stages.reductions import apply_reduction, concatenate


def vector_scores(run: PredictionRun, step: int, image: int, number: int) -> dict[int, LinearScore]:
    """Score of a class as a sum over branches, each a score of its vector: exact at this image.

    Args:
        step: a step that scores vectors.
        image: row of the image in the batch.
        number: of the class.

    Returns:
        for each step that makes vectors of images (not of other vectors), the part of the score.
        The classifier's intercept is in the first one's offset.

    Raises:
        InputError: the classifier does not know the class, or its scores are no sum over
            components.
    """
    fitted = run.artifact(step)
    if number not in fitted["classes"]:
        raise InputError(
            f"No training image of this fold is of the class '{run.model.classes[number]}'."
        )
    vectors = source(run.inputs(step)[0])
    assert vectors is not None
    x = run.values[vectors]["vectors"][image]
    found: dict[int, LinearScore] = {}
    try:
        score = classifier_score(fitted["classifier"], x, fitted["classes"].index(number))
        for branch, part in _pulled(run, vectors, image, score):
            found[branch] = found[branch].plus(part) if branch in found else part
    except TypeError as error:
        raise InputError(str(error)) from error
    return found


def classifier_score(classifier: Any, x: np.ndarray, column: int) -> LinearScore:
    """Score of one class as a sum over the components of a vector.

    Args:
        classifier: linear, a kernel SVM, or an MLP: of this, the linear function that it is while
            the same hidden units are active.
        x: (d,), where the two are equal.
        column: of the class, in `classes_`.

    Raises:
        TypeError: another classifier, or a kernel that is not of `features.transforms.kernels`.
    """
    if hasattr(classifier, "linearized"):
        classifier = classifier.linearized(x)
    if not hasattr(classifier, "intercept_"):
        raise TypeError(f"The scores of a {type(classifier).__name__} are no sum over components.")
    coefficients, intercept = class_coefficients(classifier, column)
    if hasattr(classifier, "coef_"):
        return LinearScore.of(coefficients, intercept)
    kernel = classifier.kernel
    if kernel == "rbf":
        kernel = partial(kernels.rbf, gamma=classifier.gamma_)
    return kernel_score(kernel, coefficients, classifier.support_vectors_, intercept, x)


def _pulled(
    run: PredictionRun, step: int, image: int, score: LinearScore
) -> Iterator[tuple[int, LinearScore]]:
    """Score of a step's vector as scores of the vectors that it is made of."""
    stage = run.stages[step]
    if stage not in (apply_reduction, concatenate, concatenate_by):
        yield step, score
        return
    before = [part for part in map(source, run.inputs(step)) if part is not None]
    vectors = [np.asarray(run.values[part]["vectors"][image], np.float64) for part in before]
    if stage is apply_reduction:
        pulled = pull_back(run.artifact(step)["reduction"], score, vectors[0])
        yield from _pulled(run, before[0], image, pulled)
        return
    start, offset = 0, score.offset
    joined = np.asarray(run.values[step]["vectors"][image], np.float64)
    for part, vector in zip(before, vectors, strict=True):
        some = slice(start, start + len(vector))
        start += len(vector)
        own = LinearScore(score.weights[some], score.reference[some], offset)
        yield from _pulled(run, part, image, _scaled(own, vector, joined[some]))
        offset = 0.0


def _scaled(score: LinearScore, vector: np.ndarray, scaled: np.ndarray) -> LinearScore:
    """Score of a multiple of a vector (its length is changed) as a score of the vector."""
    if not vector.any():
        return LinearScore.of(np.zeros_like(vector), score.constant)
    factor = float(vector @ scaled / (vector @ vector))
    return LinearScore(score.weights * factor, score.reference / factor, score.offset)
