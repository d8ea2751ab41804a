"""Late fusion: scores of several methods to combined scores."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from strata.errors import InputError
from strata.parameter_types import PositiveFloat, Weights, check_weights
from strata.pipeline.graph.decorators import stage
from strata.pipeline.graph.inputs import Subset

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
    given = _log_probabilities(scores)
    values = given if of == "log_probabilities" else np.exp(given)
    mean = np.average(values, axis=0, weights=weights or None)
    combined = mean if of == "log_probabilities" else np.log(np.maximum(mean, MIN_PROBABILITY))
    return {"scores": combined, "probabilities": softmax(combined, axis=1)}


@stage
def fit_stack(
    scores: Sequence[Sequence[Mapping[str, Any]]],
    tests: Sequence[Subset],
    train: Subset,
    *,
    C: PositiveFloat = 1.0,
) -> dict[str, Any]:
    """Stacking weights: one per method and a bias per class, from out-of-fold scores.

    Multinomial logistic regression on the sum of the methods' log-probabilities, weighted: few
    numbers, so that a hundred images are enough (Wolpert, "Stacked generalization", 1992; weights
    as in Breiman, "Stacked regressions", 1996, not negative).

    Args:
        scores: of each inner fold, each method's scores of the images held out there.
        tests: the images held out in each inner fold.
        train: all of them, with their labels.
        C: inverse strength of the pull of the biases towards zero and of the weights towards one.
    """
    from scipy.optimize import minimize
    from scipy.special import logsumexp, softmax

    label = dict(zip(train.ids, train.y.tolist(), strict=True))
    y = np.array([label[name] for test in tests for name in test.ids])
    L = np.concatenate([_log_probabilities(fold) for fold in scores], axis=1)
    methods, n, classes = L.shape
    picked = L[:, np.arange(n), y]

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = theta[:methods], theta[methods:]
        logits = np.tensordot(weights, L, axes=1) + bias
        log_sum = logsumexp(logits, axis=1)
        p = softmax(logits, axis=1)
        value = (log_sum - weights @ picked - bias[y]).sum()
        by_weight = np.einsum("nc,mnc->m", p, L) - picked.sum(axis=1)
        by_bias = p.sum(axis=0) - np.bincount(y, minlength=classes)
        penalty = ((weights - 1) ** 2).sum() + (bias**2).sum()
        gradient = np.concatenate([by_weight + (weights - 1) / C, by_bias + bias / C])
        return value + penalty / (2 * C), gradient

    start = np.concatenate([np.full(methods, 1 / methods), np.zeros(classes)])
    bounds = [(0.0, None)] * methods + [(None, None)] * classes
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B")
    return {
        "weights": found.x[:methods],
        "bias": found.x[methods:],
        "parameters": methods + classes,
    }


@stage(role="combination")
def stack_scores(scores: Sequence[Mapping[str, Any]], fitted: Mapping[str, Any]) -> dict[str, Any]:
    """Log-probabilities of the methods, weighted as `fit_stack` learned."""
    from scipy.special import softmax

    logits = np.tensordot(fitted["weights"], _log_probabilities(scores), axes=1) + fitted["bias"]
    return {"scores": logits, "probabilities": softmax(logits, axis=1)}


def _log_probabilities(scores: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Log-probabilities (methods, images, classes), bounded from below."""
    if not all("probabilities" in s for s in scores):
        raise InputError(
            "One of the methods to be combined gives no probabilities.",
            "A support vector machine gives them with inner_folds of 2 or more.",
        )
    return np.log(np.maximum([s["probabilities"] for s in scores], MIN_PROBABILITY))
