"""Agreement and shared errors of several methods on the same images.

Computed on the first repeat, where every image has one prediction per method.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from strata.reports.comparison.evaluation import Evaluation, first_repeat


class JointPredictions(NamedTuple):
    """Predictions of several methods on the images that all of them scored.

    Attributes:
        names: m methods.
        images: n ids.
        labels: (n,) int.
        predictions: (m, n) int.
        margin_percentile: (m, n) float in [0, 1), fraction of the images with a smaller margin of
            the predicted over the true class; a scale on which methods can be averaged.
    """

    names: list[str]
    images: list[str]
    labels: np.ndarray
    predictions: np.ndarray
    margin_percentile: np.ndarray


def joint_predictions(methods: Mapping[str, Evaluation]) -> JointPredictions | None:
    """Predictions aligned by image; None with fewer than two methods, or without a common image."""
    runs = {name: first_repeat(evaluation.scores) for name, evaluation in methods.items()}
    if len(runs) < 2:
        return None
    common = sorted(set.intersection(*(set(run.ids) for run in runs.values())))
    if not common:
        return None
    labels: np.ndarray = np.zeros(0, int)
    predictions, margin_percentile = [], []
    for run in runs.values():
        place = {image: i for i, image in enumerate(run.ids)}
        rows = [place[image] for image in common]
        labels = run.labels[rows]
        predictions.append(run.predictions[rows])
        margin = run.scores[rows].max(axis=1) - run.scores[rows, labels]
        margin_percentile.append(np.searchsorted(np.sort(margin), margin) / len(margin))
    return JointPredictions(
        list(runs), common, labels, np.array(predictions), np.array(margin_percentile)
    )


def agreement(joint: JointPredictions) -> np.ndarray:
    """(m, m) float: fraction of the images on which two methods predict the same class."""
    return (joint.predictions[:, None] == joint.predictions[None]).mean(axis=2)


class MissedImage(NamedTuple):
    """An image that every method misclassifies.

    Attributes:
        true: index of its class.
        predicted: predicted classes as (class, methods), most common first.
    """

    image: str
    true: int
    predicted: list[tuple[int, int]]


def missed_by_all(joint: JointPredictions) -> list[MissedImage]:
    """Images that no method classifies right, those with the most confident errors first."""
    missed = np.flatnonzero((joint.predictions != joint.labels).all(axis=0))
    missed = missed[np.argsort(-joint.margin_percentile[:, missed].mean(axis=0), kind="stable")]
    return [
        MissedImage(joint.images[i], int(joint.labels[i]), _votes(joint.predictions[:, i]))
        for i in missed
    ]


def error_overlap(joint: JointPredictions) -> np.ndarray:
    """(m, m) float: Jaccard index of the sets of misclassified images; 0 if both are empty."""
    wrong = (joint.predictions != joint.labels).astype(int)
    shared = wrong @ wrong.T
    either = wrong.sum(axis=1)[:, None] + wrong.sum(axis=1)[None] - shared
    return shared / np.maximum(either, 1)


def oracle_accuracy(joint: JointPredictions) -> float:
    """Oracle accuracy: fraction of the images that at least one method classifies right."""
    return float((joint.predictions == joint.labels).any(axis=0).mean())


class DisputedImage(NamedTuple):
    """An image that most methods of one group classify right and none of the other.

    Attributes:
        true: index of its class.
        predicted: classes predicted by the wrong group as (class, methods), most common first.
        right: number of methods of the right group that are correct, of `of`.
    """

    image: str
    true: int
    predicted: list[tuple[int, int]]
    right: int
    of: int


def correct_only_in(
    joint: JointPredictions, right: Sequence[int], wrong: Sequence[int]
) -> list[DisputedImage]:
    """Images that most methods of one group classify right and none of the other.

    Sorted by the number of correct methods, then by the confidence of the wrong group.

    Args:
        right, wrong: the groups, as indices of methods; neither is empty.
    """
    hits = joint.predictions == joint.labels
    correct = hits[list(right)].sum(axis=0)
    found = np.flatnonzero((2 * correct > len(right)) & ~hits[list(wrong)].any(axis=0))
    confidence = joint.margin_percentile[list(wrong)].mean(axis=0)
    found = found[np.lexsort((-confidence[found], -correct[found]))]
    return [
        DisputedImage(
            joint.images[i],
            int(joint.labels[i]),
            _votes(joint.predictions[list(wrong), i]),
            int(correct[i]),
            len(right),
        )
        for i in found
    ]


def _votes(predictions: np.ndarray) -> list[tuple[int, int]]:
    """(class, votes), most votes first."""
    classes, counts = np.unique(predictions, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [(int(classes[k]), int(counts[k])) for k in order]
