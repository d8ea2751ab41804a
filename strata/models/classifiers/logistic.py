"""Multinomial logistic regression on vectors that are read block by block, calibrated."""

import warnings
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import OptimizeResult, minimize
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from strata.errors import InputError
from strata.models.classifiers.decision_scores import per_class_columns
from strata.models.classifiers.model_selection import assign_inner_folds
from strata.models.classifiers.temperature_scaling import fit_temperature, probabilities
from strata.models.classifiers.vector_blocks import Blocks, finite, single_block
from strata.parameter_types import NonNegativeInt, PositiveFloat, PositiveInt

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
        C: inverse strength of the penalty.
        class_weight: "balanced": losses are multiplied by n / (classes * vectors of the class);
            None: all vectors count alike.
        inner_folds: stratified folds of the training vectors that calibrate the probabilities;
            fewer where the smallest class has fewer images. 0: probabilities as the penalty leaves
            them.
        max_iter: steps of L-BFGS, at most.
        tol: the fit ends when no component of the mean loss's gradient is larger.
        random_state: seed of the inner folds.

    Attributes:
        classes_: sorted labels.
        coef_, intercept_: (classifiers, d) and (classifiers,) float64; one per class, or a single
            one for two classes.
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
        C: PositiveFloat = 1.0,
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
            InputError: a value is NaN or infinite, or C is not above 0.
            ValueError: one class only.
        """
        return self._fit(blocks, y, groups, first_fold_only=True)

    def _fit(
        self, blocks: Blocks, y: np.ndarray, groups: ArrayLike | None, *, first_fold_only: bool
    ) -> Self:
        check_classification_targets(y)
        fitted = self._logistic(blocks, y, np.ones(len(y)))
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.coef_, self.intercept_ = fitted.coef_, fitted.intercept_
        self.n_features_in_, self.n_iter_ = fitted.n_features_in_, int(fitted.n_iter_[0])
        self.converged_ = fitted.converged_
        if not self.converged_:
            warnings.warn(NOT_CONVERGED, ConvergenceWarning, stacklevel=3)
        known = np.arange(len(y)) if groups is None else np.asarray(groups)
        fold_of = assign_inner_folds(codes, known, self.inner_folds, self.random_state)
        self.temperature_ = 1.0
        if fold_of is not None:
            folds = range(1 if first_fold_only else fold_of.max() + 1)
            self.temperature_ = self._temperature(blocks, codes, fold_of, folds, fitted)
        right = [self.predict(X) == y[rows] for rows, X in blocks()]
        self.training_accuracy_ = float(np.concatenate(right).mean())
        return self

    def _logistic(
        self,
        blocks: Blocks,
        y: np.ndarray,
        used: np.ndarray,
        start: LogisticRegression | None = None,
    ) -> LogisticRegression:
        return fit_logistic(
            blocks,
            y,
            C=self.C,
            class_weight=self.class_weight,
            max_iter=self.max_iter,
            tol=self.tol,
            used=used,
            start=start,
        )

    def _temperature(
        self,
        blocks: Blocks,
        codes: np.ndarray,
        fold_of: np.ndarray,
        folds: range,
        start: LogisticRegression,
    ) -> float:
        """Temperature of the scores of held-out folds; the fits start at the one on all vectors."""
        scores, labels = [], []
        for fold in folds:
            model = self._logistic(blocks, codes, fold_of != fold, start)
            for rows, X in blocks():
                held = fold_of[rows] == fold
                if held.any():
                    scores.append(_scores(model, X[held]))
                    labels.append(codes[rows[held]])
        return fit_temperature(_columns(np.concatenate(scores)), np.concatenate(labels))

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


def _scores(model: LogisticRegression | CalibratedLogistic, X: np.ndarray) -> np.ndarray:
    """Decision values (n, classifiers) float64."""
    found: np.ndarray = X @ model.coef_.T.astype(X.dtype) + model.intercept_
    return found


def _columns(decisions: np.ndarray) -> np.ndarray:
    """Decision values as logits, one column per class; log-odds s become (-s / 2, s / 2)."""
    binary = decisions.ndim == 1 or decisions.shape[1] == 1
    return per_class_columns(decisions) / (2 if binary else 1)


def fit_logistic(
    blocks: Blocks,
    y: np.ndarray,
    *,
    C: PositiveFloat = 1.0,
    class_weight: Literal["balanced"] | None = None,
    max_iter: PositiveInt = 1000,
    tol: PositiveFloat = 1e-4,
    used: np.ndarray | None = None,
    start: LogisticRegression | None = None,
) -> LogisticRegression:
    """scikit-learn's multinomial logistic regression, with one block of vectors in memory.

    Minimized is the mean over the n vectors of weight * -log p(class), plus |coef|^2 / (2 C n), by
    L-BFGS (Liu and Nocedal 1989), each of whose steps is a pass over the blocks. The optimum is the
    one of `LogisticRegression.fit`.

    Args:
        blocks: the vectors; called once per step.
        y: (n,) labels of all of them, of two classes or more.
        C: inverse strength of the L2 penalty.
        class_weight: "balanced": a vector's loss counts n / (classes * vectors of its class);
            None: all count alike.
        max_iter: steps of L-BFGS, at most.
        tol: the search ends when no component of the gradient is larger.
        used: (n,) bool; the others are left out. They must not be all of a class. None: all.
        start: result of a fit on other vectors of the same classes, where the search begins.

    Returns:
        a fitted scikit-learn classifier, with one more attribute: `converged_`, True if `tol` ended
        the search, or nothing more was to be gained in double precision.

    Raises:
        InputError: a value is NaN or infinite, or C is not above 0.
        ValueError: one class only.
    """
    if not 0 < C < np.inf:
        raise InputError(f"C = {C!r}: it is a positive number.")
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"There is only one class, {classes[0]}: nothing to tell apart.")
    blocks = finite(blocks)
    rows = np.ones(len(codes), bool) if used is None else np.asarray(used, bool)
    balanced = compute_class_weight(class_weight, classes=classes, y=np.asarray(y)[rows])
    weights = balanced[codes] * rows
    classifier = LogisticRegression(C=C, class_weight=class_weight, max_iter=max_iter, tol=tol)
    classifier.classes_ = classes
    classifier.n_features_in_ = next(blocks())[1].shape[1]
    # For two classes scikit-learn has one weight vector w, here there are w/2 and -w/2, whose
    # penalty is half as large.
    penalty = (2 if len(classes) == 2 else 1) / (C * weights.sum())
    weights = weights / weights.sum()
    center = sum(weights[of] @ X for of, X in blocks()).astype(np.float32)
    found = _minimize(
        _shifted(blocks, center),
        codes,
        weights,
        penalty,
        classifier,
        _start(classifier, start, center),
    )
    coef, intercept = _split(found.x, len(classes))
    intercept = intercept - coef @ center.astype(np.float64)
    if len(classes) == 2:
        coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
    classifier.coef_, classifier.intercept_ = coef, intercept
    classifier.n_iter_ = np.array([found.nit], np.int32)
    # L-BFGS reports an abnormal end (2) where no step lowers the loss in double precision any more.
    classifier.converged_ = bool(found.success or np.abs(found.jac).max() <= 10 * tol)
    return classifier


def _shifted(blocks: Blocks, center: np.ndarray) -> Blocks:
    """The blocks less (d,) float32: far from the origin, L-BFGS ends before it has begun.

    The optimum is the same, since the intercepts are not penalized.
    """
    return lambda: ((rows, X - center.astype(X.dtype)) for rows, X in blocks())


def _start(
    classifier: LogisticRegression, given: LogisticRegression | None, center: np.ndarray
) -> np.ndarray:
    """Flat weights and intercepts, of vectors less `center`, where the search begins."""
    k, d = len(classifier.classes_), classifier.n_features_in_
    if given is None:
        return np.zeros(k * d + k)
    coef, intercept = given.coef_, given.intercept_ + given.coef_ @ center.astype(np.float64)
    if k == 2:
        coef, intercept = (
            np.concatenate([-coef, coef]) / 2,
            np.concatenate([-intercept, intercept]) / 2,
        )
    return np.concatenate([coef.ravel(), intercept])


def _minimize(
    blocks: Blocks,
    codes: np.ndarray,
    weights: np.ndarray,
    penalty: float,
    classifier: LogisticRegression,
    start: np.ndarray,
) -> OptimizeResult:
    k = len(classifier.classes_)

    def loss_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        coef, intercept = _split(flat, k)
        loss = 0.5 * penalty * float((coef**2).sum())
        gradient = np.concatenate([penalty * coef.ravel(), np.zeros(k)])
        of_coef, of_intercept = _split(gradient, k)
        for rows, X in blocks():
            scores = (X @ coef.T.astype(X.dtype)).astype(np.float64) + intercept
            log_p = scores - logsumexp(scores, axis=1, keepdims=True)
            own = np.arange(len(rows)), codes[rows]
            loss -= float(weights[rows] @ log_p[own])
            residuals = np.exp(log_p)
            residuals[own] -= 1
            residuals *= weights[rows, None]
            of_coef += (residuals.T.astype(X.dtype) @ X).astype(np.float64)
            of_intercept += residuals.sum(axis=0)
        return loss, gradient

    options: dict[str, Any] = {
        "maxiter": classifier.max_iter,
        "maxfun": 20 * classifier.max_iter,
        "gtol": classifier.tol,
        "ftol": 64 * np.finfo(float).eps,  # SciPy's own would end the search long before `gtol`
        "maxls": 50,
    }
    return minimize(loss_and_gradient, start, method="L-BFGS-B", jac=True, options=options)


def _split(flat: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Views of the weights (classes, d) and the intercepts (classes,)."""
    return flat[:-classes].reshape(classes, -1), flat[-classes:]
