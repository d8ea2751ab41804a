"""Single images: the worst mistakes, the surest hits, what all methods miss, who agrees with whom.

All of it on the first repeat, where every image has one prediction per method.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from strata.reports.evaluation import Evaluation, first_run
from strata.reports.scores import Scores


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


def worst_mistakes(
    evaluation: Evaluation, most: int, *, each_class: int | None = None
) -> list[Judged]:
    """Wrong images by falling margin: first those on which the method is surest and wrong.

    Args:
        each_class: of one (true) class at most so many; None: as they come.
    """
    found = _judged(first_run(evaluation.scores), right=False, most=None)
    return _of_each(found, each_class)[:most]


def surest_hits(evaluation: Evaluation, most: int, *, each_class: int = 2) -> list[Judged]:
    """Right images by falling margin, at most `each_class` of one class."""
    found = _judged(first_run(evaluation.scores), right=True, most=None)
    return _of_each(found, each_class)[:most]


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
    for judged in (j for right in (True, False) for j in _judged(run, right=right, most=None)):
        best = answers.setdefault(judged.predicted, judged)
        if highest[judged.image] > highest[best.image]:
            answers[judged.predicted] = judged
    return [judged for _, judged in sorted(answers.items())][:most]


def closest_calls(evaluation: Evaluation, most: int) -> list[Judged]:
    """Right and wrong images by rising margin: first those on which the method is least sure."""
    run = first_run(evaluation.scores)
    found = [judged for right in (True, False) for judged in _judged(run, right=right, most=None)]
    return sorted(found, key=lambda judged: judged.margin)[:most]


def _judged(scores: Scores, *, right: bool, most: int | None) -> list[Judged]:
    values = scores.scores if scores.probabilities is None else scores.probabilities
    rows = np.arange(len(scores.ids))
    predictions, labels = scores.predictions, scores.labels
    rival = values.copy()
    rival[rows, predictions] = -np.inf
    other = rival.max(axis=1) if right else values[rows, labels]
    margin = values[rows, predictions] - other
    wanted = np.flatnonzero((predictions == labels) == right)
    wanted = wanted[np.argsort(-margin[wanted], kind="stable")][:most]
    return [
        Judged(scores.ids[i], int(labels[i]), int(predictions[i]), float(margin[i])) for i in wanted
    ]


class Joint(NamedTuple):
    """Predictions of several methods on the images that all of them scored.

    Attributes:
        names: m methods.
        images: n ids.
        labels: (n,) int.
        predictions: (m, n) int.
        certainty: (m, n) float in [0, 1), the part of the images on which the method's margin of
            its answer over the truth is smaller; so that methods can be averaged.
    """

    names: list[str]
    images: list[str]
    labels: np.ndarray
    predictions: np.ndarray
    certainty: np.ndarray


def joint(methods: Mapping[str, Evaluation]) -> Joint | None:
    """The methods side by side; None with fewer than two, or without an image in common."""
    runs = {name: first_run(evaluation.scores) for name, evaluation in methods.items()}
    if len(runs) < 2:
        return None
    common = sorted(set.intersection(*(set(run.ids) for run in runs.values())))
    if not common:
        return None
    labels: np.ndarray = np.zeros(0, int)
    predictions, certainty = [], []
    for run in runs.values():
        place = {image: i for i, image in enumerate(run.ids)}
        rows = [place[image] for image in common]
        labels = run.labels[rows]
        predictions.append(run.predictions[rows])
        margin = run.scores[rows].max(axis=1) - run.scores[rows, labels]
        certainty.append(np.searchsorted(np.sort(margin), margin) / len(margin))
    return Joint(list(runs), common, labels, np.array(predictions), np.array(certainty))


def agreement(both: Joint) -> np.ndarray:
    """(m, m) float: part of the images to which two methods give the same class."""
    return (both.predictions[:, None] == both.predictions[None]).mean(axis=2)


class Missed(NamedTuple):
    """An image that every method gets wrong, and what they say, most common first."""

    image: str
    true: int
    said: list[tuple[int, int]]


def missed_by_all(both: Joint) -> list[Missed]:
    """Images without one right prediction, those first on which the methods are surest."""
    lost = np.flatnonzero((both.predictions != both.labels).all(axis=0))
    lost = lost[np.argsort(-both.certainty[:, lost].mean(axis=0), kind="stable")]
    return [
        Missed(both.images[i], int(both.labels[i]), _votes(both.predictions[:, i])) for i in lost
    ]


def error_overlap(both: Joint) -> np.ndarray:
    """(m, m) float: of the images that either of two methods gets wrong, the part that both do.

    The Jaccard index of the sets of mistakes; 0 where neither method makes any.
    """
    wrong = (both.predictions != both.labels).astype(int)
    shared = wrong @ wrong.T
    either = wrong.sum(axis=1)[:, None] + wrong.sum(axis=1)[None] - shared
    return shared / np.maximum(either, 1)


def any_right(both: Joint) -> float:
    """Part of the images that at least one method gets right: what choosing could reach."""
    return float((both.predictions == both.labels).any(axis=0).mean())


class Divided(NamedTuple):
    """An image on which two groups of methods part.

    Attributes:
        said: what the wrong group says, most common first, as (class, methods).
        right: methods of the right group that get it right, of `of`.
    """

    image: str
    true: int
    said: list[tuple[int, int]]
    right: int
    of: int


def only_right_in(both: Joint, right: Sequence[int], wrong: Sequence[int]) -> list[Divided]:
    """Images that most methods of one group get right and none of the other.

    Those come first that more of the right group gets right, then those on which the wrong
    group is surer.

    Args:
        right, wrong: the groups, as indices of methods; neither is empty.
    """
    hits = both.predictions == both.labels
    good = hits[list(right)].sum(axis=0)
    found = np.flatnonzero((2 * good > len(right)) & ~hits[list(wrong)].any(axis=0))
    sure = both.certainty[list(wrong)].mean(axis=0)
    found = found[np.lexsort((-sure[found], -good[found]))]
    return [
        Divided(
            both.images[i],
            int(both.labels[i]),
            _votes(both.predictions[list(wrong), i]),
            int(good[i]),
            len(right),
        )
        for i in found
    ]


def _votes(predictions: np.ndarray) -> list[tuple[int, int]]:
    """(class, votes), most votes first."""
    classes, counts = np.unique(predictions, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [(int(classes[k]), int(counts[k])) for k in order]


def confusions(confusion: np.ndarray, most: int) -> Sequence[tuple[int, int, int]]:
    """The largest wrong cells as (true, predicted, count)."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    cells = [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True)]
    return [(i, j, int(wrong[i, j])) for i, j in cells if wrong[i, j]]
