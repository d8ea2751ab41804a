"""Single images as one method sees them: its worst mistakes, surest hits and closest calls.

All of it on the first repeat, where every image has one prediction.
"""

from collections import Counter
from typing import NamedTuple

import numpy as np

from strata.reports.comparison.evaluation import Evaluation, first_run
from strata.reports.model.scores import Scores


class Judged(NamedTuple):
    """One image as a method sees it.

    Attributes:
        true, predicted: indices of classes.
        margin: score of the prediction less that of the true class; for a right one, less that
            of the runner-up. In probabilities where the method gives them.
    """

    image: str
    true: int
    predicted: int
    margin: float

    @property
    def right(self) -> bool:
        """Whether the method recognizes it."""
        return self.true == self.predicted


def worst_mistakes(
    evaluation: Evaluation, most: int, *, each_class: int | None = None
) -> list[Judged]:
    """Wrong images by falling margin: first those on which the method is surest and wrong.

    Args:
        each_class: of one (true) class at most so many; None: as they come.
    """
    wrong = [judged for judged in _judged(first_run(evaluation.scores)) if not judged.right]
    return _of_each(wrong, each_class)[:most]


def surest_hits(evaluation: Evaluation, most: int, *, each_class: int = 2) -> list[Judged]:
    """Right images by falling margin, at most `each_class` of one class."""
    right = [judged for judged in _judged(first_run(evaluation.scores)) if judged.right]
    return _of_each(right, each_class)[:most]


def _of_each(found: list[Judged], each_class: int | None) -> list[Judged]:
    """The first so many of each true class."""
    taken: Counter[int] = Counter()
    chosen = []
    for judged in found:
        taken[judged.true] += 1
        if each_class is None or taken[judged.true] <= each_class:
            chosen.append(judged)
    return chosen


def surest_answers(evaluation: Evaluation, most: int) -> list[Judged]:
    """For each class the image that it is given to with the highest score, right or wrong.

    In the order of the classes; a class that no image is given to has none.
    """
    run = first_run(evaluation.scores)
    values = run.scores if run.probabilities is None else run.probabilities
    highest = dict(zip(run.ids, values.max(axis=1), strict=True))
    answers: dict[int, Judged] = {}
    for judged in _judged(run):
        best = answers.setdefault(judged.predicted, judged)
        if highest[judged.image] > highest[best.image]:
            answers[judged.predicted] = judged
    return [judged for _, judged in sorted(answers.items())][:most]


def closest_calls(evaluation: Evaluation, most: int) -> list[Judged]:
    """Right and wrong images by rising margin: first those on which the method is least sure."""
    found = _judged(first_run(evaluation.scores))
    return sorted(found, key=lambda judged: judged.margin)[:most]


def _judged(scores: Scores) -> list[Judged]:
    """The right images, then the wrong ones, each by falling margin."""
    values = scores.scores if scores.probabilities is None else scores.probabilities
    rows = np.arange(len(scores.ids))
    predictions, labels = scores.predictions, scores.labels
    rival = values.copy()
    rival[rows, predictions] = -np.inf
    right = predictions == labels
    margin = values[rows, predictions] - np.where(right, rival.max(axis=1), values[rows, labels])
    return [
        Judged(scores.ids[i], int(labels[i]), int(predictions[i]), float(margin[i]))
        for i in np.lexsort((-margin, ~right))
    ]
