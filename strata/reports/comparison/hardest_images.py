"""Single images by margin: most confident errors, most confident correct predictions, near ties.

Computed on the first repeat, where every image has one prediction.
"""

from collections import Counter
from typing import NamedTuple

import numpy as np

from strata.reports.comparison.evaluation import Evaluation, first_repeat
from strata.reports.model.scores import Scores


class ImagePrediction(NamedTuple):
    """One image with a method's prediction.

    Attributes:
        image: its id.
        true, predicted: indices of classes.
        margin: score of the predicted class minus that of the true class; if correct, minus that of
            the runner-up. Probabilities take the place of scores where the method gives them.
    """

    image: str
    true: int
    predicted: int
    margin: float

    @property
    def right(self) -> bool:
        """True if the prediction is correct."""
        return self.true == self.predicted


def most_confident_errors(
    evaluation: Evaluation, most: int, *, max_per_class: int | None = None
) -> list[ImagePrediction]:
    """Misclassified images by descending margin.

    Args:
        most: number of images.
        max_per_class: images of one true class, at most; None for no limit.
    """
    wrong = [
        prediction
        for prediction in _by_margin(first_repeat(evaluation.scores))
        if not prediction.right
    ]
    return _limit_per_class(wrong, max_per_class)[:most]


def most_confident_correct(
    evaluation: Evaluation, most: int, *, max_per_class: int = 2
) -> list[ImagePrediction]:
    """Correctly classified images by descending margin, at most `max_per_class` of one class."""
    right = [
        prediction for prediction in _by_margin(first_repeat(evaluation.scores)) if prediction.right
    ]
    return _limit_per_class(right, max_per_class)[:most]


def _limit_per_class(
    found: list[ImagePrediction], max_per_class: int | None
) -> list[ImagePrediction]:
    """The first `max_per_class` images of each true class."""
    taken: Counter[int] = Counter()
    chosen = []
    for prediction in found:
        taken[prediction.true] += 1
        if max_per_class is None or taken[prediction.true] <= max_per_class:
            chosen.append(prediction)
    return chosen


def top_image_per_class(evaluation: Evaluation, most: int) -> list[ImagePrediction]:
    """For each class the image with the highest score among those predicted as it, right or wrong.

    In the order of the classes; a class that is never predicted has none.
    """
    run = first_repeat(evaluation.scores)
    values = run.scores if run.probabilities is None else run.probabilities
    highest = dict(zip(run.ids, values.max(axis=1), strict=True))
    top: dict[int, ImagePrediction] = {}
    for prediction in _by_margin(run):
        best = top.setdefault(prediction.predicted, prediction)
        if highest[prediction.image] > highest[best.image]:
            top[prediction.predicted] = prediction
    return [prediction for _, prediction in sorted(top.items())][:most]


def smallest_margins(evaluation: Evaluation, most: int) -> list[ImagePrediction]:
    """Images by ascending margin, right and wrong ones: nearest to a tie first."""
    found = _by_margin(first_repeat(evaluation.scores))
    return sorted(found, key=lambda prediction: prediction.margin)[:most]


def _by_margin(scores: Scores) -> list[ImagePrediction]:
    """The correctly classified images, then the misclassified ones, each by descending margin."""
    values = scores.scores if scores.probabilities is None else scores.probabilities
    rows = np.arange(len(scores.ids))
    predictions, labels = scores.predictions, scores.labels
    runner_up = values.copy()
    runner_up[rows, predictions] = -np.inf
    right = predictions == labels
    margin = values[rows, predictions] - np.where(
        right, runner_up.max(axis=1), values[rows, labels]
    )
    return [
        ImagePrediction(scores.ids[i], int(labels[i]), int(predictions[i]), float(margin[i]))
        for i in np.lexsort((-margin, ~right))
    ]
