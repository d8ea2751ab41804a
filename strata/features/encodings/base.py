"""Base class of encodings of local descriptors, as scikit-learn transformers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from strata.features.descriptors.local_descriptors import Described, check_images_described


class BaseEncoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator, ABC):
    """Transformer from the local descriptors of each image to one vector per image.

    Descriptors of an image are `LocalDescriptors`, or a plain array (n, d) where no positions are
    needed. `set_output` and `get_feature_names_out` are scikit-learn's.
    """

    @abstractmethod
    def encode(self, image: Described) -> np.ndarray:
        """Vector of one image, float32; zero without descriptors."""

    @abstractmethod
    def _length(self) -> int:
        """Length of a vector, once fitted."""

    @property
    def _n_features_out(self) -> int:
        return self._length()

    def _unplaced(self) -> str:
        """Arguments with which no positions are needed, where they are now; see `as_local`."""
        return ""

    def transform(self, images: Sequence[Described]) -> np.ndarray:
        """Vectors (n, d) float32 of n images, in order; see `encode`.

        Raises:
            InputError: the descriptors of one image in place of those of several.
        """
        check_is_fitted(self)
        check_images_described(images)
        vectors = np.empty((len(images), self._length()), np.float32)
        for vector, image in zip(vectors, images, strict=True):
            vector[:] = self.encode(image)
        return vectors
