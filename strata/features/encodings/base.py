"""Base class of encodings of local descriptors, as scikit-learn transformers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from strata.features.descriptors.local_descriptors import LocalDescriptors


class BaseEncoder(TransformerMixin, BaseEstimator, ABC):
    """Transformer from the local descriptors of each image to one vector per image."""

    @abstractmethod
    def encode(self, image: LocalDescriptors) -> np.ndarray:
        """Vector of one image, float32; zero without descriptors."""

    @abstractmethod
    def _length(self) -> int:
        """Length of a vector, once fitted."""

    def transform(self, images: Sequence[LocalDescriptors]) -> np.ndarray:
        """Vectors (n, d) float32 of n images, in order; see `encode`."""
        check_is_fitted(self)
        vectors = np.empty((len(images), self._length()), np.float32)
        for vector, image in zip(vectors, images, strict=True):
            vector[:] = self.encode(image)
        return vectors
