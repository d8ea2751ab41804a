"""k nearest neighbors whose votes are smoothed to probabilities, by leave-one-out votes."""

from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from strata.parameter_types import PositiveInt

#: Training vectors whose leave-one-out votes are counted, at most.
MOST_VECTORS = 2000
#: Bounds of the votes that every class has beforehand, and of the temperature.
SMOOTHING_BOUNDS, TEMPERATURE_BOUNDS = (1e-3, 1e3), (0.1, 10.0)
#: Where the search begins: the loss may have several minima.
STARTS = ((0.01, 2.0), (0.3, 1.0), (3.0, 0.3))


class SmoothedKNN(ClassifierMixin, BaseEstimator):
    """k nearest neighbors, with calibrated probabilities.

    Shares of votes are none: the true class often has no vote at all, which as a probability of 0
    costs any log loss. Here every class has a votes beforehand (Lidstone's rule), and a
    temperature T: with k neighbors and the share s of the votes, the probability is proportional
    to (k s + a)^(1/T). Both have the least log loss on training vectors that vote neither for
    themselves nor for their copies; one vector more counts, of unknown class, so that a is above 0
    where all are classified correctly. The predicted classes are those of `KNeighborsClassifier`.

    Args:
        n_neighbors: training vectors that vote.
        metric: distance between vectors.
        weights: "uniform", or "distance": votes weighted by the inverse distance.
        random_state: seed of the 2,000 training vectors, at most, that choose the two.

    Attributes:
        classes_: sorted labels.
        neighbors_: the fitted `KNeighborsClassifier`.
        smoothing_, temperature_: a and T.
    """

    def __init__(
        self,
        n_neighbors: PositiveInt = 5,
        metric: Literal["euclidean", "manhattan", "cosine"] = "euclidean",
        weights: Literal["uniform", "distance"] = "uniform",
        random_state: int = 0,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.weights = weights
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray, groups: ArrayLike | None = None) -> Self:
        """Keep the training vectors and calibrate.

        Args:
            X: (n, d) floating.
            y: (n,) labels.
            groups: (n,) int; vectors of one number are of copies of one image. None: no copies.
        """
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
        check_classification_targets(y)
        count = min(self.n_neighbors, len(X))
        self.neighbors_ = KNeighborsClassifier(
            count, metric=self.metric, weights=self.weights, algorithm="brute"
        ).fit(X, y)
        self.classes_ = self.neighbors_.classes_
        known = np.arange(len(X)) if groups is None else np.asarray(groups)
        rows = np.random.default_rng(self.random_state).permutation(len(X))[:MOST_VECTORS]
        shares = leave_one_out_shares(self.neighbors_, X, known, rows)
        voted = shares.any(axis=1)  # a vector without others beside its copies has no voters
        codes = np.searchsorted(self.classes_, y[rows])
        self.smoothing_, self.temperature_ = calibrate(shares[voted], codes[voted], count)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The class of most votes of each row, (n,)."""
        columns = self.predict_proba(X).argmax(axis=1)
        return self.classes_[columns]

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) float64."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        votes = self.neighbors_.n_neighbors * self.neighbors_.predict_proba(X)
        return np.exp(log_probabilities(votes, self.smoothing_, self.temperature_))


def log_probabilities(votes: np.ndarray, smoothing: float, temperature: float) -> np.ndarray:
    """Logarithms of probabilities (n, classes) of the votes for each class, (n, classes)."""
    found: np.ndarray = log_softmax(np.log(votes + smoothing) / temperature, axis=1)
    return found


def calibrate(shares: np.ndarray, codes: np.ndarray, count: int) -> tuple[float, float]:
    """Smoothing and temperature of least log loss, one vector more of unknown class counted in.

    Args:
        shares: (n, classes) of the votes.
        codes: (n,) int class numbers from 0.
        count: neighbors that vote.

    Returns:
        numbers within `SMOOTHING_BOUNDS` and `TEMPERATURE_BOUNDS`; 1 and 1 without any vectors.
    """
    if not len(codes):
        return 1.0, 1.0
    rows = np.arange(len(codes))

    def loss(logarithms: np.ndarray) -> float:
        log_p = log_probabilities(count * shares, *np.exp(logarithms))
        return -float(log_p[rows, codes].mean() + log_p.mean() / len(codes))

    bounds = [tuple(np.log(pair)) for pair in (SMOOTHING_BOUNDS, TEMPERATURE_BOUNDS)]
    found = [minimize(loss, np.log(one), bounds=bounds, method="L-BFGS-B") for one in STARTS]
    best = min(found, key=lambda result: result.fun)
    smoothing, temperature = map(float, np.exp(best.x))
    return smoothing, temperature


def leave_one_out_shares(
    classifier: KNeighborsClassifier, X: np.ndarray, groups: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """Shares of the votes for training vectors, by neighbors that are no copies of them.

    Args:
        classifier: fitted on `X`.
        X: (n, d).
        groups: (n,) int; vectors of one number are copies.
        rows: (m,) int, the vectors in question.

    Returns:
        (m, classes) float64, rows of sum 1; 0 where all vectors are copies.
    """
    k, found = classifier.n_neighbors, np.zeros((len(rows), len(classifier.classes_)))
    copies = int(np.unique(groups, return_counts=True)[1].max())
    wanted = min(len(X), k + copies)
    for start in range(0, len(rows), 256):
        part = rows[start : start + 256]
        distances, near = classifier.kneighbors(X[part], wanted)
        for place, row in enumerate(part):
            others = groups[near[place]] != groups[row]
            votes = _votes(distances[place][others][:k], classifier.weights)
            columns = classifier._y[near[place][others][:k]]
            found[start + place] = np.bincount(columns, votes, found.shape[1])
    return found / np.maximum(found.sum(axis=1, keepdims=True), 1e-300)


def _votes(distances: np.ndarray, weights: str) -> np.ndarray:
    """Weights of the votes of neighbors; those at distance 0 leave none to others."""
    if weights == "uniform":
        return np.ones(len(distances))
    same = distances == 0
    return same.astype(float) if same.any() else 1 / distances
