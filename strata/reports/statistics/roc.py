"""One-vs-rest ROC curves and the area under them (AUC)."""

from typing import NamedTuple

import numpy as np

from strata.reports.model.scores import Scores

#: False-positive rates at which mean curves are evaluated.
FPR_GRID = np.linspace(0.0, 1.0, 101)


def auc(positive: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve; NaN without positives or negatives.

    Computed as the probability that a positive scores above a negative, ties counting half, which
    is equal: J. A. Hanley and B. J. McNeil, Radiology 143 (1982), 29-36.

    Args:
        positive: (n,) bool.
        scores: (n,) float.
    """
    others = np.sort(scores[~positive])
    own = scores[positive]
    if not own.size or not others.size:
        return float("nan")
    below = np.searchsorted(others, own, "left") + np.searchsorted(others, own, "right")
    return float(below.mean() / (2 * others.size))


def roc_curve(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ROC curve (false-positive rates, true-positive rates) from (0, 0) to (1, 1), by threshold.

    Source: T. Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006),
    861-874, algorithm 1: equal scores move as one step.
    """
    order = np.argsort(-scores, kind="stable")
    hits = positive[order]
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    true = np.cumsum(hits)[ends] / max(1, hits.sum())
    false = np.cumsum(~hits)[ends] / max(1, (~hits).sum())
    return np.append(0.0, false), np.append(0.0, true)


class RocSummary(NamedTuple):
    """One-vs-rest ROC curves of all classes.

    Attributes:
        curves: (classes, 101) true-positive rate at `FPR_GRID`, NaN where undefined.
        areas: (classes,) area under the curve, NaN likewise.
        macro: macro-averaged AUC.
    """

    curves: np.ndarray
    areas: np.ndarray
    macro: float


def roc_summary(scores: Scores) -> RocSummary:
    """ROC curves and AUC of every class, averaged over folds and repeats.

    Scores of different folds come from different models and are not on one scale, so a curve is
    computed per fold and the folds' curves are averaged at equal false-positive rate (vertical
    averaging, Fawcett 2006, section 8), their areas likewise (Forman and Scholz 2010).
    """
    classes = scores.scores.shape[1]
    runs = np.unique(np.column_stack([scores.repeat, scores.fold]), axis=0)
    curves = np.full((len(runs), classes, FPR_GRID.size), np.nan)
    areas = np.full((len(runs), classes), np.nan)
    for i, (repeat, fold) in enumerate(runs):
        rows = (scores.repeat == repeat) & (scores.fold == fold)
        labels, values = scores.labels[rows], scores.scores[rows]
        for c in range(classes):
            positive = labels == c
            areas[i, c] = auc(positive, values[:, c])
            if np.isfinite(areas[i, c]):
                curves[i, c] = _at_grid(*roc_curve(positive, values[:, c]))
    mean_areas = _mean_of_known(areas)
    known = mean_areas[np.isfinite(mean_areas)]
    macro = float(known.mean()) if known.size else float("nan")
    return RocSummary(_mean_of_known(curves), mean_areas, macro)


def _at_grid(false: np.ndarray, true: np.ndarray) -> np.ndarray:
    """The curve at `FPR_GRID`; at vertical segments the upper end, so that at 0 may exceed 0."""
    last = np.append(np.diff(false) > 0, True)
    return np.interp(FPR_GRID, false[last], true[last])


def _mean_of_known(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis, ignoring NaN; NaN where all values are."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0)
