"""Codebooks of visual words, learned from a sample of the images' local descriptors."""

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from sklearn.base import BaseEstimator

from strata import seeds
from strata.errors import InputError, nearest
from strata.features.codebooks.descriptor_sampling import sample_descriptors
from strata.features.codebooks.kmeans import KMeansCodebook
from strata.features.descriptors.local_descriptors import LocalDescriptors


class VisualWords(BaseEstimator):
    """Words by k-means on local descriptors, and what becomes of descriptors without contrast.

    Args:
        n_words: size of the codebook.
        zero_descriptors: what becomes of descriptors that are zero throughout: "drop" them, count them as a
            "word" of their own, or "keep" them like any other.
        max_iter: of k-means.
        max_samples: descriptors to learn from, drawn evenly over the images.
        random_state: of the sample and of k-means.

    Attributes:
        words_: (words, d) float32.
        bandwidth_: root mean squared distance of the sample to its words, for soft assignment.
    """

    def __init__(
        self,
        n_words: int = 512,
        zero_descriptors: Literal["drop", "word", "keep"] = "word",
        max_iter: int = 25,
        max_samples: int = 250_000,
        random_state: int = 0,
    ) -> None:
        self.n_words = n_words
        self.zero_descriptors = zero_descriptors
        self.max_iter = max_iter
        self.max_samples = max_samples
        self.random_state = random_state

    def fit(self, images: Sequence[LocalDescriptors], y: object = None) -> Self:
        """Learn the words from the local descriptors of the images.

        Raises:
            InputError: no such way with zero descriptors, or fewer descriptors than words.
        """
        ways = ("drop", "word", "keep")
        if self.zero_descriptors not in ways:
            raise InputError(
                f"There is no way with zero descriptors '{self.zero_descriptors}'.",
                nearest(str(self.zero_descriptors), ways),
            )
        rng = seeds.generator(self.random_state, "bag of words", "sample")
        drawn = sample_descriptors(
            images, self.max_samples, rng, keep_zero=self.zero_descriptors == "keep"
        )
        found = KMeansCodebook(self.n_words, self.max_iter, self.random_state).fit(drawn)
        self.words_ = found.centers_
        self.bandwidth_ = float(np.sqrt(found.inertia_ / len(drawn))) or 1.0
        return self

    @property
    def bins_(self) -> int:
        """Length of a histogram: the words, and one for zero descriptors if they count."""
        return len(self.words_) + (self.zero_descriptors == "word")
