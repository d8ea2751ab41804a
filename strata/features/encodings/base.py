"""What all encodings of local descriptors share as scikit-learn transformers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from strata.features.descriptors.local_descriptors import LocalDescriptors


class BaseEncoder(TransformerMixin, BaseEstimator, ABC):
    """A transformer from the local descriptors of each image to one vector of it."""

    @abstractmethod
    def encode(self, image: LocalDescriptors) -> np.ndarray:
        """The vector of one image, float32; zero without descriptors."""

    @abstractmethod
    def _length(self) -> int:
        """Of a vector, once fitted."""

    def transform(self, images: Sequence[LocalDescriptors]) -> np.ndarray:
        """The vectors (n, d) float32 of n images, in order; see `encode`."""
        check_is_fitted(self)
        vectors = np.empty((len(images), self._length()), np.float32)
        for vector, image in zip(vectors, images, strict=True):
            vector[:] = self.encode(image)
        return vectors
