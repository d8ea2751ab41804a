"""Evaluation of one method on one split: all its metrics."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from strata.reports.model.results import IntervalKind, MethodResult
from strata.reports.model.scores import Scores
from strata.reports.statistics import calibration, metrics
from strata.reports.statistics.bootstrap import bootstrap_interval, correct_by_fold
from strata.reports.statistics.folds import (
    FoldTable,
    VarianceComponents,
    fold_table,
    variance_components,
)
from strata.reports.statistics.intervals import Interval, wilson_interval
from strata.reports.statistics.roc import RocSummary, roc_summary

Split = Literal["cv", "test"]

#: Name of a split in captions.
SPLIT_NAMES: dict[Split, str] = {"cv": "cross-validation", "test": "test images"}

#: k of top-k accuracy, and the number of classes from which on it is reported.
TOP_K, MANY_CLASSES = 5, 12


@dataclass(frozen=True)
class ProbabilisticMetrics:
    """Metrics of predicted probabilities; see `calibration`."""

    log_loss: float
    brier: float
    reliability: calibration.Reliability


@dataclass(frozen=True)
class Evaluation:
    """Metrics of one method on one split.

    Attributes:
        split: cross-validation or test images.
        scores: that the metrics were computed from.
        images: number of different images.
        repeats: number of repeats.
        accuracy: mean over folds (cross-validation) or over images (test).
        interval: 95 % confidence interval: corrected resampled t over folds (Nadeau and Bengio),
            Wilson over test images; or bootstrap (see `statistics.bootstrap`).
        folds: accuracies by fold; None on the test split.
        variance_components: of the fold accuracies, with several repeats.
        confusion: (classes, classes) counts, summed over repeats.
        per_class: precision, recall, F1 by class.
        recall_intervals, precision_intervals: Wilson, by class, over different images.
        macro_f1, balanced_accuracy: see `statistics.metrics`.
        top_k: top-5 accuracy with `MANY_CLASSES` or more, else None.
        roc: one-vs-rest ROC curves.
        probabilistic: None without probabilities.
    """

    split: Split
    scores: Scores
    images: int
    repeats: int
    accuracy: float
    interval: Interval
    folds: FoldTable | None
    variance_components: VarianceComponents | None
    confusion: np.ndarray
    per_class: metrics.ClassMetrics
    recall_intervals: list[Interval]
    precision_intervals: list[Interval]
    macro_f1: float
    balanced_accuracy: float
    top_k: float | None
    roc: RocSummary
    probabilistic: ProbabilisticMetrics | None

    @property
    def some_interval(self) -> Interval:
        """The interval; where folds give none, the Wilson interval over the images."""
        if np.isfinite(self.interval.low):
            return self.interval
        return wilson_interval(self.accuracy * self.images, self.images)


def evaluate(
    scores: Scores, split: Split, classes: int, intervals: IntervalKind = "t"
) -> Evaluation:
    """All metrics of one method on one split.

    Args:
        intervals: confidence intervals of the accuracy, see `Comparison.intervals`.

    Raises:
        ValueError: there is no image, the number of score columns is not `classes`, or a score or
            probability is not finite.
    """
    if not len(scores.ids):
        raise ValueError("there are no scored images")
    if scores.scores.shape[1] != classes:
        raise ValueError(f"there are {scores.scores.shape[1]} scores for {classes} classes")
    if not np.isfinite(scores.scores).all():
        raise ValueError("there are scores that are not finite numbers")
    if scores.probabilities is not None and not np.isfinite(scores.probabilities).all():
        raise ValueError("there are probabilities that are not finite numbers")
    repeats = len(scores.repeats)
    confusion = metrics.confusion_matrix(scores.labels, scores.predictions, classes)
    per_class = metrics.class_metrics(confusion)
    folds = fold_table(scores) if split == "cv" else None
    images = len(set(scores.ids))
    correct = float(np.mean(scores.predictions == scores.labels))
    return Evaluation(
        split=split,
        scores=scores,
        images=images,
        repeats=repeats,
        accuracy=folds.mean if folds else correct,
        interval=_interval(scores, folds, intervals),
        folds=folds,
        variance_components=variance_components(folds) if folds else None,
        confusion=confusion,
        per_class=per_class,
        recall_intervals=_intervals(confusion, per_class.support, repeats),
        precision_intervals=_intervals(confusion, per_class.predicted, repeats),
        macro_f1=metrics.macro_f1(confusion),
        balanced_accuracy=metrics.balanced_accuracy(confusion),
        top_k=_top_k(scores, classes),
        roc=roc_summary(scores),
        probabilistic=_probabilistic(scores),
    )


def _interval(scores: Scores, folds: FoldTable | None, intervals: IntervalKind) -> Interval:
    """Confidence interval of the accuracy."""
    if intervals == "bootstrap":
        return bootstrap_interval(correct_by_fold(scores))
    if folds is not None:
        return folds.interval
    images = len(set(scores.ids))
    return wilson_interval(float(np.mean(scores.predictions == scores.labels)) * images, images)


def first_repeat(scores: Scores) -> Scores:
    """The first repeat alone, sorted by id: one row per image."""
    rows = np.flatnonzero(scores.repeat == scores.repeat.min())
    return scores.where(rows[np.argsort(np.array([scores.ids[i] for i in rows]), kind="stable")])


def evaluations(
    method: MethodResult, classes: int, intervals: IntervalKind = "t"
) -> dict[Split, Evaluation]:
    """Evaluations of a method on each split that it has scores for.

    Args:
        intervals: as of `evaluate`.

    Raises:
        ValueError: see `evaluate`.
    """
    found: dict[Split, Evaluation] = {}
    if method.cv is not None:
        found["cv"] = evaluate(method.cv, "cv", classes, intervals)
    if method.test is not None:
        found["test"] = evaluate(method.test, "test", classes, intervals)
    return found


def _intervals(confusion: np.ndarray, totals: np.ndarray, repeats: int) -> list[Interval]:
    """Wilson interval of each class's diagonal count out of its total, over different images."""
    return [
        wilson_interval(correct / repeats, total / repeats)
        for correct, total in zip(np.diag(confusion), totals, strict=True)
    ]


def _top_k(scores: Scores, classes: int) -> float | None:
    """Top-k accuracy with many classes, else None."""
    if classes < MANY_CLASSES:
        return None
    return metrics.top_k_accuracy(scores.labels, scores.scores, TOP_K)


def _probabilistic(scores: Scores) -> ProbabilisticMetrics | None:
    """Metrics of the probabilities, if there are any."""
    if scores.probabilities is None:
        return None
    return ProbabilisticMetrics(
        calibration.log_loss(scores.labels, scores.probabilities),
        calibration.brier_score(scores.labels, scores.probabilities),
        calibration.reliability(scores.labels, scores.probabilities),
    )
