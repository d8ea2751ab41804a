"""Several methods on the same images: what all of them miss, who agrees and who errs with whom.

All of it on the first repeat, where every image has one prediction per method.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from strata.reports.comparison.evaluation import Evaluation, first_run


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
