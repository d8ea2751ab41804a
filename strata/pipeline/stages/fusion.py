"""Late fusion: scores of several methods to combined scores, with given or learned weights."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from strata.errors import InputError
from strata.parameter_types import Folds, PositiveFloat, PositiveInt, Weights, check_weights
from strata.pipeline.graph.decorators import stage, step
from strata.pipeline.graph.inputs import Fold, Subset
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.stage import Node

#: Held-out images, from which on more of them hardly better the weights (docs/classical.md).
ENOUGH_IMAGES = 300
#: Floor of probabilities: below it, one only says that the method saw no such case in training.
MIN_PROBABILITY = 1e-6


@stage(role="combination")
def average_scores(
    scores: Sequence[Mapping[str, Any]],
    *,
    of: Literal["log_probabilities", "probabilities"] = "log_probabilities",
    weights: Weights = (),
) -> dict[str, Any]:
    """Weighted mean of the methods' probabilities, or of their logarithms (a product).

    Kittler, Hatef, Duin and Matas, "On combining classifiers" (PAMI 1998): sum and product rule.

    Args:
        of: averaged quantity.
        weights: one per method, in their order; none for equal ones.
    """
    from scipy.special import softmax

    check_weights(weights, len(scores))
    if not all("probabilities" in s for s in scores):
        raise InputError(
            "One of the methods to be combined gives no probabilities.",
            "A support vector machine gives them with inner_folds of 2 or more.",
        )
    given = np.stack([_log_scores(s) for s in scores])
    values = given if of == "log_probabilities" else np.exp(given)
    mean = np.average(values, axis=0, weights=weights or None)
    combined = mean if of == "log_probabilities" else np.log(np.maximum(mean, MIN_PROBABILITY))
    return {"scores": combined, "probabilities": softmax(combined, axis=1)}


@step
def learned_weights(
    members: Callable[[Fold], list[Node]],
    data: Data,
    fold: Fold,
    *,
    inner_folds: Folds = 4,
    parts: PositiveInt | Literal["auto"] = "auto",
    C: PositiveFloat = 0.3,
) -> Node:
    """Weighted sum of calibrated log-probabilities, the weights learned inside the fold (stacking).

    They are of the least log loss on training images held out from the members, which are made
    once more for each inner fold. A class with a single image leaves no inner folds, and the
    weights equal.

    Args:
        members: composes the methods' scores on a fold.
        inner_folds: folds that the training part of a fold is cut into; fewer where a class has
            fewer images.
        parts: number of inner folds whose scores the weights are learned from, each by the methods
            made on the others; "auto": as few as hold out 300 images together.
        C: inverse strength of the pull towards equal weights of calibrated methods.

    Raises:
        InputError: more parts than inner folds.
    """
    if parts != "auto" and parts > inner_folds:
        raise InputError(
            f"{parts} of {inner_folds} inner folds cannot be made.",
            "combination.parts is combination.inner_folds at most.",
        )
    count = min(inner_folds, fewest_images(fold.train))
    if count < 2:
        found: Node = average_scores(members(fold))
        return found
    if parts == "auto":
        parts = -(-ENOUGH_IMAGES * count // len(fold.train))
    inner = data.inner_folds(fold, count)[:parts]
    unseen = [members(part) for part in inner]
    weights = fit_weights(unseen, [part.test for part in inner], fold.train, C=C)
    weighted: Node = weighted_scores(members(fold), weights)
    return weighted


@stage(estimator="strata.models.classifiers.score_fusion:ScoreFusion")
def fit_weights(
    scores: Sequence[Sequence[Mapping[str, Any]]],
    tests: Sequence[Subset],
    train: Subset,
    **parameters: Any,
) -> dict[str, Any]:
    """Temperatures and weights of methods, biases of classes, from scores of images held out.

    Args:
        scores: of each inner fold, each method's scores of the images held out there.
        tests: the images held out in each inner fold.
        train: all training images, with their labels.
    """
    from strata.models.classifiers.score_fusion import ScoreFusion

    label = dict(zip(train.ids, train.y.tolist(), strict=True))
    y = np.array([label[name] for test in tests for name in test.ids])
    X = np.concatenate([_stacked(fold) for fold in scores])
    fusion = ScoreFusion(**parameters).fit(X, y)
    return {
        "coef": fusion.coef_,
        "bias": fusion.intercept_,
        "weights": fusion.weights_,
        "temperatures": fusion.temperatures_,
        "shares": fusion.shares_,
        "log_loss": fusion.log_loss_,
        "member_log_losses": fusion.member_log_losses_,
        "parameters": len(fusion.coef_) + len(fusion.intercept_),
    }


@stage(role="combination")
def weighted_scores(
    scores: Sequence[Mapping[str, Any]], fitted: Mapping[str, Any]
) -> dict[str, Any]:
    """Log-probabilities of the methods, summed with the weights of `fit_weights`."""
    from scipy.special import softmax

    from strata.models.classifiers.score_fusion import fused_scores

    combined = fused_scores(_stacked(scores), fitted["coef"], fitted["bias"])
    return {"scores": combined, "probabilities": softmax(combined, axis=1)}


def fewest_images(train: Subset) -> int:
    """Number of images of the smallest class, copies of one picture counted once."""
    groups = range(len(train)) if train.groups is None else train.groups
    distinct = set(zip(train.y.tolist(), groups, strict=True))
    return int(np.unique([label for label, _ in distinct], return_counts=True)[1].min())


def _stacked(scores: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Scores (images, methods, classes): log-probabilities, or what there is without any."""
    return np.stack([_log_scores(s) for s in scores], axis=1)


def _log_scores(scores: Mapping[str, Any]) -> np.ndarray:
    """Log-probabilities (images, classes), bounded from below; without any, decision values."""
    if "probabilities" not in scores:
        return np.asarray(scores["scores"], np.float64)
    return np.log(np.maximum(scores["probabilities"], MIN_PROBABILITY))
