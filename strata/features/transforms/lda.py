"""Fisher's linear discriminant analysis, also for more dimensions than images."""

from typing import Self

import numpy as np
import scipy.linalg
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.covariance import ledoit_wolf
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from strata.errors import InputError
from strata.parameter_types import PositiveInt


class LDA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Linear discriminant analysis with one shrunk within-class covariance.

    The directions maximize the variance between class means relative to the variance within
    classes (Fisher 1936, Rao 1948). The pooled within-class covariance of the standardized
    components is shrunk as by Ledoit and Wolf ("A well-conditioned estimator", 2004), which, unlike
    one estimate per class, is stable for classes of two or three images. Shrinkage pulls all
    variances towards their mean, so without the standardization the directions would depend on the
    units of each component.

    Args:
        n_components: number of directions, at most one less than the classes; None for all.

    Attributes:
        mean_: (d,) mean of the training vectors.
        directions_: (d, components), scaled to within-class variance one.

    Examples:
        >>> import numpy as np
        >>> from strata.features import LDA
        >>> X = np.random.default_rng(0).random((30, 5))
        >>> LDA().fit_transform(X, [0, 1, 2] * 10).shape
        (30, 2)
    """

    def __init__(self, n_components: PositiveInt | None = None) -> None:
        self.n_components = n_components

    def fit(self, X: np.ndarray, y: np.ndarray) -> Self:
        """Learn the directions from (n, d) vectors and n labels.

        Raises:
            InputError: no class has two images, there is only one class, all vectors are equal, or
                `n_components` is below 1.
        """
        if self.n_components is not None and self.n_components < 1:
            raise InputError(
                f"LDA needs one component or more, but n_components is {self.n_components}."
            )
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        classes, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        if len(classes) < 2 or counts.max() < 2:
            raise InputError(
                f"LDA needs two classes and two images of one of them, not {len(classes)} "
                f"classes and {len(y)} images."
            )
        scaler = StandardScaler().fit(X)
        self.mean_ = scaler.mean_
        coordinates, basis = _span_coordinates(scaler.transform(X))
        if not coordinates.shape[1]:
            raise InputError(f"All {len(X)} vectors are the same: no direction separates them.")
        means = np.stack([coordinates[codes == c].mean(axis=0) for c in range(len(classes))])
        within = ledoit_wolf(coordinates - means[codes], assume_centered=True)[0]
        within += np.eye(len(within)) * max(1e-9 * np.trace(within) / len(within), 1e-300)
        between = (means.T * counts) @ means / len(y)
        _, axes = scipy.linalg.eigh(between, within)
        most = min(self.n_components or len(classes) - 1, len(classes) - 1, axes.shape[1])
        self.directions_ = basis @ axes[:, ::-1][:, :most] / scaler.scale_[:, None]
        self._n_features_out = most
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """(n, d) -> (n, components) float64."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return (X - self.mean_) @ self.directions_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def _span_coordinates(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centered vectors (n, d) in an orthonormal basis of their span, of rank r.

    Covariances then have at most as many rows as there are images, and nothing is lost.

    Returns:
        coordinates (n, r) and the basis (d, r).
    """
    n, d = X.shape
    values, axes = np.linalg.eigh(X @ X.T if n < d else X.T @ X)
    kept = values > 1e-10 * max(values[-1], 1e-300)
    if n >= d:
        basis = axes[:, kept]
        return X @ basis, basis
    lengths = np.sqrt(values[kept])
    return axes[:, kept] * lengths, X.T @ (axes[:, kept] / lengths)
