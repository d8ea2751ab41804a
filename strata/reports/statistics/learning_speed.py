"""Start, slope and asymptote of a validation curve: the three gains that transfer may bring."""

from typing import NamedTuple

import numpy as np

from strata.reports.statistics.convergence import History, curves

#: Epochs over which the slope is taken, and share of the epochs at the end that is the asymptote.
FIRST_EPOCHS, LAST_SHARE = 5, 0.1


class LearningSpeed(NamedTuple):
    """Summary of the validation accuracy by epoch, mean over folds.

    Transfer may give a higher start, a higher slope and a higher asymptote: L. Torrey and
    J. Shavlik, "Transfer learning", Handbook of Research on Machine Learning Applications (2009),
    figure 11.1.

    Attributes:
        first: first epoch that was measured.
        start: accuracy after it.
        slope: mean rise per epoch from there to epoch `FIRST_EPOCHS`, or the measured one nearest
            to it; NaN with one measurement.
        asymptote: mean over the measurements in the last tenth of the epochs.
        last: last epoch that was measured.
    """

    first: int
    start: float
    slope: float
    asymptote: float
    last: int


def learning_speed(histories: list[History]) -> LearningSpeed | None:
    """Summary of the trainings of all folds; None where no validation accuracy was measured."""
    for curve in curves(histories, "validation_accuracy"):
        measured = [np.isfinite(fold) for fold in curve.folds]
        folds = [
            fold_speed(curve.epochs[known], fold[known])
            for fold, known in zip(curve.folds, measured, strict=True)
            if known.any()
        ]
        if folds:
            start, slope, asymptote = (
                float(np.mean([getattr(fold, name) for fold in folds]))
                for name in ("start", "slope", "asymptote")
            )
            first, last = min(f.first for f in folds), max(f.last for f in folds)
            return LearningSpeed(first, start, slope, asymptote, last)
    return None


def fold_speed(epochs: np.ndarray, accuracy: np.ndarray) -> LearningSpeed:
    """Summary of one fold's training.

    Args:
        epochs: (e,) float, those that were measured, ascending; e >= 1.
        accuracy: (e,) float.
    """
    slope = float("nan")
    if len(epochs) > 1:
        early = 1 + int(np.abs(epochs[1:] - FIRST_EPOCHS).argmin())
        slope = float((accuracy[early] - accuracy[0]) / (epochs[early] - epochs[0]))
    late = epochs > (1 - LAST_SHARE) * epochs[-1]
    asymptote = float(accuracy[late].mean())
    return LearningSpeed(int(epochs[0]), float(accuracy[0]), slope, asymptote, int(epochs[-1]))
