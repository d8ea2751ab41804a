"""Multilayer perceptron on vectors in memory, calibrated: scikit-learn's, with inner folds."""

import warnings
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from strata.errors import InputError
from strata.models.classifiers.decision_scores import per_class_columns
from strata.models.classifiers.model_selection import assign_inner_folds, check_positive
from strata.models.classifiers.temperature_scaling import calibrated_loss, probabilities
from strata.parameter_types import NonNegativeInt, PositiveFloat, PositiveInt

#: Values that `alpha="cv"` chooses from.
ALPHA_GRID = (0.1, 1.0, 10.0, 100.0)

NOT_CONVERGED = (
    "The multilayer perceptron was stopped before it had converged: raise max_iter or alpha."
)


class CalibratedMLP(ClassifierMixin, BaseEstimator):
    """Multilayer perceptron with ReLU, an L2 penalty and calibrated probabilities.

    scikit-learn's `MLPClassifier`, trained by L-BFGS on vectors less their mean and divided by one
    number, their root mean square: components keep their relative sizes, and the penalty means the
    same for vectors of any length. On a few thousand vectors L-BFGS ends after some 50 passes;
    Adam takes hundreds. Probabilities come from temperature scaling (Guo et al. 2017) of scores in
    the inner folds.

    Args:
        hidden_layer_sizes: units of each hidden layer.
        alpha: strength of the L2 penalty: alpha / (2 n) times the squared weights is added to the
            mean loss of n vectors; "cv" chooses it from 0.1, 1, 10 and 100 by the log loss of
            calibrated probabilities in the inner folds.
        inner_folds: stratified folds of the training vectors that choose alpha ("cv") and calibrate
            the probabilities; fewer where the smallest class has fewer images. 0: probabilities as
            they are.
        max_iter: steps of L-BFGS, at most.
        tol: training ends when no component of the mean loss's gradient is larger.
        random_state: seed of the inner folds and of the initial weights.

    Attributes:
        classes_: sorted labels.
        coefs_: weights of each layer, (units before, units) of the vectors' dtype; the last layer
            has one unit per class, or a single one for two classes.
        intercepts_: of each layer, (units,) float64.
        alpha_: the alpha used.
        temperature_: that scores, one column per class, are divided by before their softmax.
        training_accuracy_: accuracy on the training vectors.
        n_iter_: steps of the fit.
        converged_: True if `tol` ended it.

    Examples:
        >>> import numpy as np
        >>> from strata.models import CalibratedMLP
        >>> X = np.random.default_rng(0).normal(size=(200, 2))
        >>> y = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
        >>> mlp = CalibratedMLP((16,)).fit(X, y)
        >>> mlp.predict([[2, 2], [-2, 2]]).tolist()
        ['same', 'other']
    """

    def __init__(
        self,
        hidden_layer_sizes: tuple[PositiveInt, ...] = (64,),
        alpha: PositiveFloat | Literal["cv"] = 1.0,
        inner_folds: NonNegativeInt = 5,
        max_iter: PositiveInt = 300,
        tol: PositiveFloat = 1e-4,
        random_state: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.alpha = alpha
        self.inner_folds = inner_folds
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray, groups: ArrayLike | None = None) -> Self:
        """Fit on (n, d) floating vectors and n labels, of two classes or more.

        Args:
            groups: (n,) int; vectors of one number are of copies of one image, which stay in one
                inner fold. None: no copies.

        Raises:
            InputError: alpha is not above 0, or there are too few images of a class for alpha="cv".
            ValueError: one class only, NaN or infinity.
        """
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
        check_classification_targets(y)
        alphas = ALPHA_GRID if self.alpha == "cv" else (check_positive("alpha", self.alpha),)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"There is only one class, {self.classes_[0]}: nothing to tell apart.")
        # Scores of two classes are (-s, s) for the log-odds s.
        self.alpha_, self.temperature_ = alphas[0], 2.0 if len(self.classes_) == 2 else 1.0
        known = np.arange(len(y)) if groups is None else np.asarray(groups)
        fold_of = assign_inner_folds(codes, known, self.inner_folds, self.random_state)
        if fold_of is not None:
            self.alpha_, self.temperature_ = self._select(X, codes, alphas, fold_of)
        elif len(alphas) > 1:
            raise InputError(
                'alpha = "cv" needs inner_folds of 2 or more, and two images of each class.',
                "Give alpha a number.",
            )
        layers = self._trained(X, codes, self.alpha_)
        self.coefs_, self.intercepts_, self.n_iter_ = layers
        self.converged_ = self.n_iter_ < self.max_iter
        if not self.converged_:
            warnings.warn(NOT_CONVERGED, ConvergenceWarning, stacklevel=2)
        self.training_accuracy_ = float((self.predict(X) == y).mean())
        return self

    def _select(
        self, X: np.ndarray, codes: np.ndarray, alphas: tuple[float, ...], fold_of: np.ndarray
    ) -> tuple[float, float]:
        """The alpha of least calibrated log loss on held-out folds, and its temperature."""
        found: dict[float, tuple[float, float]] = {}
        for alpha in alphas:
            scores = np.empty((len(codes), len(self.classes_)))
            for fold in range(fold_of.max() + 1):
                held = fold_of == fold
                layers = self._trained(X[~held], codes[~held], alpha)
                scores[held] = per_class_columns(layers.outputs(X[held]))
            temperature, loss = calibrated_loss(scores, codes)
            found[loss] = alpha, temperature
        return found[min(found)]

    def _trained(self, X: np.ndarray, codes: np.ndarray, alpha: float) -> "_Layers":
        """Layers for vectors as they are: the standardization becomes part of the first one."""
        mean = X.mean(axis=0, dtype=np.float64)
        standardized = X - mean.astype(X.dtype)
        scale = float(np.sqrt(np.square(standardized).mean(dtype=np.float64))) or 1.0
        standardized /= scale
        network = MLPClassifier(
            self.hidden_layer_sizes,
            solver="lbfgs",
            alpha=alpha,
            max_iter=self.max_iter,
            tol=self.tol,
            random_state=self.random_state,
        )
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
            network.fit(standardized, codes)
        first = np.asarray(network.coefs_[0], np.float64) / scale
        coefs = [coef.astype(X.dtype) for coef in (first, *network.coefs_[1:])]
        intercepts = [np.asarray(units, np.float64) for units in network.intercepts_]
        intercepts[0] = intercepts[0] - mean @ first
        return _Layers(coefs, intercepts, network.n_iter_)

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Logits (n, classes) float64; for two classes (n,), the log-odds of the second."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        scores = _Layers(self.coefs_, self.intercepts_, self.n_iter_).outputs(X)
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
        return probabilities(per_class_columns(decisions), self.temperature_)

    def linearized(self, x: np.ndarray) -> "LinearPiece":
        """Linear classifier with the same scores at (d,) x, and while the same units are active."""
        check_is_fitted(self)
        coef, intercept = self.coefs_[0].T.astype(np.float64), self.intercepts_[0]
        for units, bias in zip(self.coefs_[1:], self.intercepts_[1:], strict=True):
            weights = units.T * (coef @ x + intercept > 0)
            coef, intercept = weights @ coef, weights @ intercept + bias
        return LinearPiece(coef, intercept)


class LinearPiece(NamedTuple):
    """Linear classifier: (classifiers, d) and (classifiers,) float64, a single one for two classes.

    The attributes have scikit-learn's names.
    """

    coef_: np.ndarray
    intercept_: np.ndarray


class _Layers(NamedTuple):
    """Weights of all layers, and the steps that found them."""

    coefs: list[np.ndarray]
    intercepts: list[np.ndarray]
    n_iter: int

    def outputs(self, X: np.ndarray) -> np.ndarray:
        """Outputs of the last layer (n, units) float64."""
        hidden = X
        for coef, intercept in zip(self.coefs[:-1], self.intercepts[:-1], strict=True):
            products = hidden @ coef.astype(X.dtype) + intercept
            hidden = np.maximum(products, 0).astype(X.dtype)
        found: np.ndarray = hidden @ self.coefs[-1].astype(X.dtype) + self.intercepts[-1]
        return found
