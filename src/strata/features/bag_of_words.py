"""Bags of visual words over spatial pyramids."""

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from strata import seeds
from strata.errors import InputError, nearest
from strata.features.assignment import nearest_words, soft_assignment
from strata.features.kmeans import KMeansCodebook
from strata.features.local import LocalDescriptors
from strata.features.normalise import Norm, normalise
from strata.features.pyramid import Grid, Layout, cell_of, pyramid
from strata.features.sampling import sample_descriptors


class BagOfWords(TransformerMixin, BaseEstimator):
    """Histograms of visual words, one for each cell of a pyramid, side by side.

    Args:
        words: size of the codebook.
        pyramid: layout of the cells, see `strata.features.pyramid.pyramid`.
        levels: finest level of the pyramid.
        weighted: whether levels weigh as Lazebnik et al. have it, or all the same.
        assignment: "hard" counts a descriptor under its nearest word, "soft" shares it among the
            nearest `neighbours` by a Gaussian of the distance.
        neighbours: of soft assignment.
        zero: what becomes of descriptors that are zero throughout (no contrast): "drop" them,
            count them as a "word" of their own, or "keep" them like any other.
        norm: normalisation, see `strata.features.normalise.normalise`.
        per_histogram: whether each histogram is normalised on its own, before the levels are
            weighted, or the vector as a whole, after.
        iterations: of k-means.
        sample: descriptors to learn from, drawn evenly over the images.
        seed: of the sample and of k-means.

    Attributes:
        words_: (words, d) float32.
        bandwidth_: of soft assignment: root mean squared distance of the sample to its words.
    """

    def __init__(
        self,
        words: int = 512,
        pyramid: Layout = "square",
        levels: int = 2,
        weighted: bool = True,
        assignment: Literal["hard", "soft"] = "hard",
        neighbours: int = 5,
        zero: Literal["drop", "word", "keep"] = "word",
        norm: Norm = "l1",
        per_histogram: bool = False,
        iterations: int = 20,
        sample: int = 250_000,
        seed: int = 0,
    ) -> None:
        self.words = words
        self.pyramid = pyramid
        self.levels = levels
        self.weighted = weighted
        self.assignment = assignment
        self.neighbours = neighbours
        self.zero = zero
        self.norm = norm
        self.per_histogram = per_histogram
        self.iterations = iterations
        self.sample = sample
        self.seed = seed

    def fit(self, images: Sequence[LocalDescriptors], y: object = None) -> Self:
        """Learn the codebook from the local descriptors of the images.

        Raises:
            InputError: no such option, no descriptors, or fewer than words.
        """
        self._grids()
        for name, value, known in (
            ("assignment", self.assignment, ("hard", "soft")),
            ("way with zero descriptors", self.zero, ("drop", "word", "keep")),
        ):
            if value not in known:
                raise InputError(f"There is no {name} '{value}'.", nearest(str(value), known))
        rng = seeds.generator(self.seed, "bag of words", "sample")
        drawn = sample_descriptors(images, self.sample, rng, keep_zero=self.zero == "keep")
        found = KMeansCodebook(self.words, self.iterations, self.seed).fit(drawn)
        self.words_ = found.centres_
        self.bandwidth_ = float(np.sqrt(found.inertia_ / len(drawn))) or 1.0
        return self

    @property
    def bins_(self) -> int:
        """Length of each histogram: the words, and one for zero descriptors if they count."""
        return len(self.words_) + (self.zero == "word")

    def transform(self, images: Sequence[LocalDescriptors]) -> np.ndarray:
        """The histograms (n, cells * bins) float32 of n images, cell by cell, coarse to fine."""
        check_is_fitted(self)
        cells = sum(grid.cells for grid in self._grids())
        vectors = np.empty((len(images), cells * self.bins_), np.float32)
        for vector, image in zip(vectors, images, strict=True):
            vector[:] = self.encode(image)
        return vectors

    def encode(self, image: LocalDescriptors) -> np.ndarray:
        """The histograms of one image, (cells * bins,) float32; zero without descriptors."""
        words, weights, positions = self._assigned(image)
        levels = []
        for grid in self._grids():
            bins = cell_of(positions, grid)[:, None] * self.bins_ + words
            counts = np.bincount(bins.ravel(), weights.ravel(), grid.cells * self.bins_)
            histograms = counts.reshape(grid.cells, self.bins_)
            if self.per_histogram:
                histograms = normalise(histograms, self.norm)
            levels.append(histograms.ravel() * grid.weight)
        vector = np.concatenate(levels)
        return (vector if self.per_histogram else normalise(vector, self.norm)).astype(np.float32)

    def _grids(self) -> tuple[Grid, ...]:
        return pyramid(self.pyramid, self.levels, weighted=self.weighted)

    def _assigned(self, image: LocalDescriptors) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Words (n, m), weights (n, m) and positions (n, 2) of the descriptors that count."""
        descriptors, positions = image.descriptors, image.positions
        if self.zero == "keep":
            return *self._words_of(descriptors), positions
        contrast = descriptors.any(axis=1)
        words, weights = self._words_of(descriptors[contrast])
        if self.zero == "drop":
            return words, weights, positions[contrast]
        all_words = np.full((len(descriptors), words.shape[1]), len(self.words_))
        all_weights = np.full(all_words.shape, 1 / words.shape[1], np.float32)
        all_words[contrast], all_weights[contrast] = words, weights
        return all_words, all_weights, positions

    def _words_of(self, descriptors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.assignment == "hard":
            words = nearest_words(descriptors, self.words_)[:, None]
            return words, np.ones(words.shape, np.float32)
        return soft_assignment(
            descriptors, self.words_, neighbours=self.neighbours, bandwidth=self.bandwidth_
        )
