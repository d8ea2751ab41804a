"""Base class of local descriptors, as scikit-learn transformers, and the check of their input."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from strata.errors import InputError
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.image_io import check_images


class BaseDescriptor(TransformerMixin, BaseEstimator, ABC):
    """Stateless transformer from images to the local descriptors of each."""

    @abstractmethod
    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """Local descriptors of one image, uint8 of shape (H, W, 3) RGB or (H, W) gray.

        Raises:
            InputError: the array is of another type or shape.
        """

    def fit(self, images: Any = None, labels: Any = None) -> Self:
        """Return self; nothing is learned."""
        return self

    def transform(self, images: Iterable[np.ndarray]) -> list[LocalDescriptors]:
        """Local descriptors of each image, in order; see `describe`.

        Raises:
            InputError: one image in place of several.
        """
        return [self.describe(image) for image in check_images(images)]

    def __sklearn_is_fitted__(self) -> bool:
        return True


def check_image(image: np.ndarray) -> None:
    """Raise InputError unless the image is uint8 of shape (H, W, 3) or (H, W), not empty."""
    good = isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.size > 0
    if not good or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
        found = f"{image.dtype} of {image.shape}" if hasattr(image, "shape") else type(image)
        raise InputError(f"An image is a uint8 array of shape (H, W, 3) or (H, W), not {found}.")
