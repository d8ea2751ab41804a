"""Multinomial logistic regression on vectors that are read block by block, calibrated."""

import warnings
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from strata.errors import InputError
from strata.models.classifiers.decision_scores import per_class_columns
from strata.models.classifiers.model_selection import assign_inner_folds, check_positive
from strata.models.classifiers.multinomial import fit_logistic
from strata.models.classifiers.temperature_scaling import calibrated_loss, probabilities
from strata.models.classifiers.vector_blocks import Blocks, single_block
from strata.parameter_types import NonNegativeInt, PositiveFloat, PositiveInt

#: Values that `C="cv"` chooses from. Vectors of unit length want 10 to 1000 where classes are easy
#: to tell apart.
C_GRID = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)

NOT_CONVERGED = (
    "Logistic regression was stopped before it had converged: raise max_iter, scale the vectors "
    "to unit length or unit variance, or lower C."
)


class CalibratedLogistic(ClassifierMixin, BaseEstimator):
    """Multinomial logistic regression with an L2 penalty and calibrated probabilities.

    The penalty that is best for accuracy makes probabilities too cautious, most of all on vectors
    of unit length. So they come from temperature scaling (Guo et al. 2017) of scores in the inner
    folds; the predicted classes are those of `LogisticRegression`.

    Args:
        C: inverse strength of the penalty; "cv" chooses it from 0.01, 0.1, 1, 10, 100 and 1000
            by the log loss of calibrated probabilities in the inner folds.
        class_weight: "balanced": losses are multiplied by n / (classes * vectors of the class);
            None: all vectors count alike.
        inner_folds: stratified folds of the training vectors that choose C ("cv") and calibrate
            the probabilities; fewer where the smallest class has fewer images. 0: probabilities as
            the penalty leaves them.
        max_iter: steps of L-BFGS, at most.
        tol: the fit ends when no component of the mean loss's gradient is larger.
        random_state: seed of the inner folds.

    Attributes:
        classes_: sorted labels.
        coef_, intercept_: (classifiers, d) and (classifiers,) float64; one per class, or a single
            one for two classes.
        C_: the C used.
        temperature_: of the probabilities; 1 without inner folds.
        training_accuracy_: accuracy on the training vectors.
        n_iter_: steps of the fit.
        converged_: True if `tol` ended it.

    Examples:
        >>> import numpy as np
        >>> from strata.models import CalibratedLogistic
        >>> X = np.random.default_rng(0).normal(size=(60, 4))
        >>> y = np.where(X[:, 0] > 0, "positive", "negative")
        >>> logistic = CalibratedLogistic().fit(X, y)
        >>> logistic.predict([[3, 0, 0, 0], [-3, 0, 0, 0]]).tolist()
        ['positive', 'negative']
        >>> logistic.predict_proba([[3, 0, 0, 0]]).shape
        (1, 2)
    """

    def __init__(
        self,
        C: PositiveFloat | Literal["cv"] = 1.0,
        class_weight: Literal["balanced"] | None = None,
        inner_folds: NonNegativeInt = 5,
        max_iter: PositiveInt = 1000,
        tol: PositiveFloat = 1e-4,
        random_state: int = 0,
    ) -> None:
        self.C = C
        self.class_weight = class_weight
        self.inner_folds = inner_folds
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray, groups: ArrayLike | None = None) -> Self:
        """Fit on (n, d) vectors in memory and n labels; `groups` as in `fit_blocks`."""
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
        return self._fit(single_block(X), y, groups, first_fold_only=False)

    def fit_blocks(self, blocks: Blocks, y: np.ndarray, groups: ArrayLike | None = None) -> Self:
        """Fit on vectors that come in blocks; only the first inner fold calibrates.

        Args:
            blocks: called once per step of the optimizer.
            y: (n,) labels of all of them, of two classes or more.
            groups: (n,) int; vectors of one number are of copies of one image, which stay in one
                inner fold. None: no copies.

        Raises:
            InputError: a value is NaN or infinite, C is not above 0, or there are too few images of
                a class for C="cv".
            ValueError: one class only.
        """
        return self._fit(blocks, y, groups, first_fold_only=True)

    def _fit(
        self, blocks: Blocks, y: np.ndarray, groups: ArrayLike | None, *, first_fold_only: bool
    ) -> Self:
        check_classification_targets(y)
        costs = C_GRID if self.C == "cv" else (check_positive("C", self.C),)
        self.classes_, codes = np.unique(y, return_inverse=True)
        known = np.arange(len(y)) if groups is None else np.asarray(groups)
        fold_of = assign_inner_folds(codes, known, self.inner_folds, self.random_state)
        self.C_, self.temperature_ = costs[0], 1.0
        start = None
        if fold_of is not None:
            folds = range(1 if first_fold_only else fold_of.max() + 1)
            self.C_, self.temperature_, start = self._select(blocks, codes, costs, fold_of, folds)
        elif len(costs) > 1:
            raise InputError(
                'C = "cv" needs inner_folds of 2 or more, and two images of each class.',
                "Give C a number.",
            )
        fitted = self._logistic(blocks, y, self.C_, np.ones(len(y), bool), start)
        self.coef_, self.intercept_ = fitted.coef_, fitted.intercept_
        self.n_features_in_, self.n_iter_ = fitted.n_features_in_, int(fitted.n_iter_[0])
        self.converged_ = fitted.converged_
        if not self.converged_:
            warnings.warn(NOT_CONVERGED, ConvergenceWarning, stacklevel=3)
        right = [self.predict(X) == y[rows] for rows, X in blocks()]
        self.training_accuracy_ = float(np.concatenate(right).mean())
        return self

    def _logistic(
        self,
        blocks: Blocks,
        y: np.ndarray,
        C: float,
        used: np.ndarray,
        start: LogisticRegression | None,
    ) -> LogisticRegression:
        return fit_logistic(
            blocks,
            y,
            C=C,
            class_weight=self.class_weight,
            max_iter=self.max_iter,
            tol=self.tol,
            used=used,
            start=start,
        )

    def _select(
        self,
        blocks: Blocks,
        codes: np.ndarray,
        costs: tuple[float, ...],
        fold_of: np.ndarray,
        folds: range,
    ) -> "_Selected":
        """The C of least log loss on held-out folds; each fit starts at the last one of its fold.

        From the smallest C on, until the log loss rises: it has one minimum.
        """
        best: _Selected | None = None
        models: dict[int, LogisticRegression] = {}
        loss = np.inf
        for C in costs:
            for fold in folds:
                models[fold] = self._logistic(blocks, codes, C, fold_of != fold, models.get(fold))
            temperature, found = calibrated_loss(*_held_out(blocks, codes, fold_of, models))
            if best is not None and found >= loss:
                break
            loss, best = found, _Selected(C, temperature, models[folds[0]])
        assert best is not None
        return best

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Scores (n, classes) float64; for two classes (n,), the log-odds of the second."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        scores = _scores(self, X)
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The class of the highest score of each row, (n,)."""
        scores = per_class_columns(self.decision_function(X))
        return self.classes_[scores.argmax(axis=1)]

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) float64."""
        return self.probabilities_of(self.decision_function(X))

    def probabilities_of(self, decisions: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) float64 of what `decision_function` returned."""
        return probabilities(_columns(decisions), self.temperature_)


class _Selected(NamedTuple):
    """Choice of the inner folds, and the fit on one of their training parts."""

    C: float
    temperature: float
    start: LogisticRegression


def _held_out(
    blocks: Blocks, codes: np.ndarray, fold_of: np.ndarray, models: dict[int, LogisticRegression]
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, classes) and labels (n,) of the vectors that each fold's model has not seen."""
    scores, labels = [], []
    for fold, model in models.items():
        for rows, X in blocks():
            held = fold_of[rows] == fold
            if held.any():
                scores.append(_scores(model, X[held]))
                labels.append(codes[rows[held]])
    return _columns(np.concatenate(scores)), np.concatenate(labels)


def _scores(model: LogisticRegression | CalibratedLogistic, X: np.ndarray) -> np.ndarray:
    """Decision values (n, classifiers) float64."""
    found: np.ndarray = X @ model.coef_.T.astype(X.dtype) + model.intercept_
    return found


def _columns(decisions: np.ndarray) -> np.ndarray:
    """Decision values as logits, one column per class; log-odds s become (-s / 2, s / 2)."""
    binary = decisions.ndim == 1 or decisions.shape[1] == 1
    return per_class_columns(decisions) / (2 if binary else 1)
