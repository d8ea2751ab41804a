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
        words: size of the codebook.
        zero: what becomes of descriptors that are zero throughout: "drop" them, count them as a
            "word" of their own, or "keep" them like any other.
        iterations: of k-means.
        sample: descriptors to learn from, drawn evenly over the images.
        seed: of the sample and of k-means.

    Attributes:
        words_: (words, d) float32.
        bandwidth_: root mean squared distance of the sample to its words, for soft assignment.
    """

    def __init__(
        self,
        words: int = 512,
        zero: Literal["drop", "word", "keep"] = "word",
        iterations: int = 25,
        sample: int = 250_000,
        seed: int = 0,
    ) -> None:
        self.words = words
        self.zero = zero
        self.iterations = iterations
        self.sample = sample
        self.seed = seed

    def fit(self, images: Sequence[LocalDescriptors], y: object = None) -> Self:
        """Learn the words from the local descriptors of the images.

        Raises:
            InputError: no such way with zero descriptors, or fewer descriptors than words.
        """
        ways = ("drop", "word", "keep")
        if self.zero not in ways:
            raise InputError(
                f"There is no way with zero descriptors '{self.zero}'.",
                nearest(str(self.zero), ways),
            )
        rng = seeds.generator(self.seed, "bag of words", "sample")
        drawn = sample_descriptors(images, self.sample, rng, keep_zero=self.zero == "keep")
        found = KMeansCodebook(self.words, self.iterations, self.seed).fit(drawn)
        self.words_ = found.centers_
        self.bandwidth_ = float(np.sqrt(found.inertia_ / len(drawn))) or 1.0
        return self

    @property
    def bins_(self) -> int:
        """Length of a histogram: the words, and one for zero descriptors if they count."""
        return len(self.words_) + (self.zero == "word")
