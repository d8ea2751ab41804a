"""Codebooks of visual words, learned from a sample of the images' local descriptors."""

from collections.abc import Sequence
from typing import Literal, Self, get_args

import numpy as np
from sklearn.base import BaseEstimator

from strata import seeds
from strata.errors import InputError, nearest
from strata.features.codebooks.descriptor_sampling import sample_descriptors
from strata.features.codebooks.kmeans import KMeansCodebook
from strata.features.descriptors.local_descriptors import Described
from strata.parameter_types import NonNegativeInt, PositiveInt

#: Treatments of descriptors that are zero throughout.
ZeroDescriptors = Literal["drop", "word", "keep"]


class VisualWords(BaseEstimator):
    """Codebook of visual words by k-means, with the treatment of descriptors without contrast.

    Args:
        n_words: size of the codebook.
        zero_descriptors: treatment of descriptors that are zero throughout: "drop" them, count
            them as a "word" of their own, or "keep" them like any other.
        max_iter: Lloyd iterations of k-means, at most.
        max_samples: number of descriptors to learn from, drawn evenly over the images.
        random_state: seed of the sample and of k-means.

    Attributes:
        words_: (words, d) float32.
        bandwidth_: root mean squared distance of the sample to its words, for soft assignment.
        n_iter_: Lloyd iterations made.

    Examples:
        >>> import numpy as np
        >>> from strata.features import VisualWords
        >>> images = [np.random.default_rng(i).random((50, 8), np.float32) for i in range(4)]
        >>> VisualWords(n_words=5).fit(images).words_.shape
        (5, 8)
    """

    def __init__(
        self,
        n_words: PositiveInt = 512,
        zero_descriptors: ZeroDescriptors = "word",
        max_iter: PositiveInt = 25,
        max_samples: PositiveInt = 250_000,
        random_state: NonNegativeInt = 0,
    ) -> None:
        self.n_words = n_words
        self.zero_descriptors = zero_descriptors
        self.max_iter = max_iter
        self.max_samples = max_samples
        self.random_state = random_state

    def fit(self, images: Sequence[Described], y: object = None) -> Self:
        """Learn the words from the local descriptors of the images.

        Raises:
            InputError: unknown treatment of zero descriptors, or fewer descriptors than words.
        """
        treatments = get_args(ZeroDescriptors)
        if self.zero_descriptors not in treatments:
            raise InputError(
                f"There is no treatment '{self.zero_descriptors}' of zero descriptors.",
                nearest(str(self.zero_descriptors), treatments),
            )
        rng = seeds.generator(self.random_state, "bag of words", "sample")
        sample = sample_descriptors(
            images, self.max_samples, rng, keep_zero=self.zero_descriptors == "keep"
        )
        kmeans = KMeansCodebook(self.n_words, self.max_iter, self.random_state).fit(sample)
        self.words_ = kmeans.cluster_centers_
        self.bandwidth_ = float(np.sqrt(kmeans.inertia_ / len(sample))) or 1.0
        self.n_iter_ = kmeans.n_iter_
        return self

    @property
    def n_bins_(self) -> int:
        """Length of a histogram: the words, and one for zero descriptors if they count."""
        return len(self.words_) + (self.zero_descriptors == "word")
