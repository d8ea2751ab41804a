"""Explicit feature maps that approximate additive kernels, for sets too large for a Gram matrix.

Vedaldi and Zisserman, "Efficient additive kernels via explicit feature maps" (PAMI 2012): a
homogeneous additive kernel is sqrt(x y) K(log x - log y), and the spectrum of K, sampled at
multiples of a period, gives the map. For chi-square alone scikit-learn's `AdditiveChi2Sampler`
does the same.
"""

from typing import Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from strata.errors import InputError, nearest
from strata.parameter_types import NonNegativeInt, PositiveFloat

#: Kernels that have a map: the keys of `SPECTRA`.
AdditiveKernel = Literal["intersection", "chi2"]

#: Spectrum of K for each kernel, at frequency f.
SPECTRA = {
    "intersection": lambda f: 2 / (np.pi * (1 + 4 * f**2)),
    "chi2": lambda f: 1 / np.cosh(np.pi * f),
}


class AdditiveKernelMap(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Map of non-negative vectors whose dot product approximates an additive kernel.

    Each number becomes 2 order + 1 numbers.

    Args:
        kernel: "intersection", the sum of min(x, y), or "chi2", the sum of 2 x y / (x + y).
        order: samples of the spectrum besides the one at frequency zero.
        period: distance of the samples; a smaller one covers a wider range of ratios x / y, a
            larger one more of the spectrum.

    Examples:
        >>> import numpy as np
        >>> from strata.features import AdditiveKernelMap
        >>> AdditiveKernelMap(order=1).fit_transform(np.eye(3)).shape
        (3, 9)
    """

    def __init__(
        self,
        kernel: AdditiveKernel = "intersection",
        order: NonNegativeInt = 1,
        period: PositiveFloat = 0.6,
    ) -> None:
        self.kernel = kernel
        self.order = order
        self.period = period

    def fit(self, X: np.ndarray, y: object = None) -> Self:
        """Check parameters and vectors; nothing is learned.

        Raises:
            InputError: unknown kernel, negative order, or a period that is not positive.
            ValueError: a negative number in X.
        """
        if self.order < 0 or not self.period > 0:
            raise InputError(
                f"A kernel map has an order from 0 on and a period above 0, not order {self.order} "
                f"and period {self.period}."
            )
        if self.kernel not in SPECTRA:
            raise InputError(
                f"There is no map for the kernel '{self.kernel}'.",
                nearest(str(self.kernel), SPECTRA),
            )
        self._validate(X, reset=True)
        self.is_fitted_ = True
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """(n, d) -> (n, (2 order + 1) d) of the same dtype, all d numbers of each sample together.

        The square roots first, then cosine and sine parts of each frequency.
        """
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        n, d = X.shape
        spectrum, L = SPECTRA[self.kernel], self.period
        mapped = np.empty((n, (2 * self.order + 1) * d), X.dtype)
        mapped[:, :d] = np.sqrt(L * spectrum(0.0) * X)
        logs = np.log(np.where(X > 0, X, 1))
        for j in range(1, self.order + 1):
            root = np.sqrt(2 * L * spectrum(j * L) * X)
            mapped[:, (2 * j - 1) * d : 2 * j * d] = root * np.cos(j * L * logs)
            mapped[:, 2 * j * d : (2 * j + 1) * d] = root * np.sin(j * L * logs)
        return mapped

    @property
    def _n_features_out(self) -> int:
        return (2 * self.order + 1) * self.n_features_in_

    def _validate(self, X: np.ndarray, *, reset: bool) -> np.ndarray:
        return validate_data(
            self, X, dtype=(np.float64, np.float32), reset=reset, ensure_non_negative=True
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags
