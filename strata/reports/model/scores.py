"""Class scores of held-out images: the only input of metrics and significance tests."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scores:
    """Class scores of images that the model was not trained on.

    In cross-validation every image appears once per repeat, scored by the model of the fold that
    held it out. For a test set, `fold` is 0 and `repeat` distinguishes the runs (seeds).

    Attributes:
        ids: n image ids, unique within a repeat.
        labels: (n,) int, index of the true class in `DataSummary.classes`.
        repeat: (n,) int, from 0.
        fold: (n,) int, the fold that held the image out, from 0.
        scores: (n, classes) float64, higher is better, argmax is the prediction.
        probabilities: (n, classes) float64 with rows that sum to 1, or None where the
            classifier gives none.

    Raises:
        ValueError: shapes do not agree, or an (id, repeat) occurs twice.
    """

    ids: list[str]
    labels: np.ndarray
    repeat: np.ndarray
    fold: np.ndarray
    scores: np.ndarray
    probabilities: np.ndarray | None = None

    def __post_init__(self) -> None:
        n = len(self.ids)
        if any(np.shape(column) != (n,) for column in (self.labels, self.repeat, self.fold)):
            raise ValueError("labels, repeat and fold need one value per id")
        if np.ndim(self.scores) != 2 or len(self.scores) != n:
            raise ValueError("scores need the shape (ids, classes)")
        if self.probabilities is not None and np.shape(self.probabilities) != self.scores.shape:
            raise ValueError("probabilities need the shape of scores")
        if len(set(zip(self.repeat.tolist(), self.ids, strict=True))) != n:
            raise ValueError("an image is scored twice in one repeat")

    @property
    def predictions(self) -> np.ndarray:
        """(n,) int: the class with the highest score, the first of tied ones."""
        return np.argmax(self.scores, axis=1)

    @property
    def repeats(self) -> np.ndarray:
        """The repeats that occur, ascending."""
        return np.unique(self.repeat)

    def where(self, rows: np.ndarray) -> "Scores":
        """The rows selected by a mask (n,) bool or an index array (m,) int."""
        index = np.flatnonzero(rows) if rows.dtype == bool else rows
        return Scores(
            [self.ids[i] for i in index],
            self.labels[index],
            self.repeat[index],
            self.fold[index],
            self.scores[index],
            None if self.probabilities is None else self.probabilities[index],
        )
