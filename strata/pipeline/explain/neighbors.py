"""Training images that speak for a class: neighbors that vote, support vectors of a kernel SVM."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from strata.features.transforms.kernel_scores import is_additive
from strata.models.classifiers.training_shares import (
    class_coefficients,
    neighbor_shares,
    support_terms,
)
from strata.pipeline.explain.explanation import Explanation
from strata.pipeline.explain.prediction_run import PredictionRun, source

#: Support images named, those of the largest terms.
MOST = 12


def neighbors(run: PredictionRun, step: int, image: int, number: int) -> Explanation | None:
    """Training images' shares in the score of a class.

    Args:
        run: the method on a batch of images.
        step: that scores vectors.
        image: row of the image in the batch.
        number: of a class that the classifier knows.

    Returns:
        None of a classifier that keeps no training vectors, or whose kernel is additive: its score
        is a sum over components, whatever the training images that they come from.
    """
    fitted, vectors = run.artifact(step), source(run.inputs(step)[0])
    assert vectors is not None
    if "ids" not in fitted:
        return None
    x = np.asarray(run.values[vectors]["vectors"][image])
    classifier, column = fitted["classifier"], fitted["classes"].index(number)
    if not hasattr(classifier, "dual_coef_"):
        return _voters(fitted, x, column, run.model.classes)
    return None if is_additive(classifier.kernel) else _support(fitted, x, column)


def _voters(
    fitted: Mapping[str, Any], x: np.ndarray, column: int, classes: Sequence[str]
) -> Explanation:
    classifier = fitted["classifier"]  # scikit-learn's own in older model files
    rows, columns, shares = neighbor_shares(getattr(classifier, "neighbors_", classifier), x)
    own = sorted(
        ((fitted["ids"][r], float(s)) for r, c, s in zip(rows, columns, shares, strict=True)
         if c == column),
        key=lambda voter: -voter[1],
    )  # fmt: skip
    counts = Counter(classes[fitted["classes"][c]] for c in columns)
    told = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    return Explanation(
        "neighbors",
        "nearest training images",
        total=float(shares[columns == column].sum()),
        neighbors=own,
        note=f"Classes of the {len(rows)} nearest: {told}. Shares are of all their votes.",
    )


def _support(fitted: Mapping[str, Any], x: np.ndarray, column: int) -> Explanation:
    terms = support_terms(fitted["classifier"], x, column)
    _, bias = class_coefficients(fitted["classifier"], column)
    shares = terms / (np.abs(terms).sum() or 1.0)
    first = np.argsort(-np.abs(terms), kind="stable")[:MOST]
    return Explanation(
        "neighbors",
        "support images",
        neighbors=[(fitted["ids"][row], float(shares[row])) for row in first],
        note=(
            f"The {len(first)} of {len(terms)} support images with the largest terms, as shares of "
            f"the sum of all terms' amounts; negative ones speak against the class. The terms sum "
            f"to {terms.sum():.3g}, with the bias {bias:.3g} to the score {terms.sum() + bias:.3g}."
        ),
    )
