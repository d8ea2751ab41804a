"""Bag of visual words over a spatial pyramid."""

from collections.abc import Sequence
from typing import Any, Literal, Self, get_args

import numpy as np
from sklearn.base import clone

from strata.errors import InputError, nearest
from strata.features.codebooks.assignment import nearest_words, soft_assignment
from strata.features.codebooks.visual_words import VisualWords
from strata.features.descriptors.local_descriptors import (
    Described,
    LocalDescriptors,
    as_local,
    check_images_described,
)
from strata.features.encodings.base import BaseEncoder
from strata.features.encodings.spatial_pyramid import PyramidGrid, cell_of, pyramid
from strata.features.transforms.normalize import Norm, normalize
from strata.parameter_types import PositiveInt, PyramidLayout, PyramidLevel

#: Assignments of descriptors to words.
Assignment = Literal["hard", "soft"]


class BagOfWords(BaseEncoder):
    """Histograms of visual words, one for each cell of a spatial pyramid, concatenated.

    Args:
        codebook: the `VisualWords` to fit, those with default parameters if None. A fitted
            codebook is used as it is when wrapped in `sklearn.frozen.FrozenEstimator`.
        pyramid: layout of the cells: "none" is the whole image only; at level l, "square" has
            2^l x 2^l cells, "horizontal" 3l strips, "paper" 2l x 2l cells.
        levels: finest level of the pyramid.
        weighted: whether finer levels weigh more, as in Lazebnik et al., or all the same.
        assignment: "hard" counts a descriptor under its nearest word, "soft" shares it among the
            nearest `n_neighbors` words by a Gaussian of the distance.
        n_neighbors: number of words of soft assignment.
        norm: normalization: "none", "l1", "l2", or "power" (signed square roots, then L2).
        per_histogram: whether each histogram is normalized on its own, before the levels are
            weighted, or the vector as a whole, after.

    Attributes:
        codebook_: the fitted codebook.

    Examples:
        Of plain (n, d) arrays, five words and one for descriptors that are zero; and with a
        pyramid, of descriptors that have positions:

        >>> import numpy as np
        >>> from strata.features import BagOfWords, DenseSIFT, VisualWords
        >>> arrays = [np.random.default_rng(i).random((50, 8), np.float32) for i in range(4)]
        >>> BagOfWords(VisualWords(5), pyramid="none").fit_transform(arrays).shape
        (4, 6)
        >>> images = np.random.default_rng(0).integers(0, 256, (4, 64, 64), np.uint8)
        >>> local = DenseSIFT(bin_sizes=(4,)).transform(images)
        >>> BagOfWords(VisualWords(5), levels=1).fit_transform(local).shape
        (4, 30)
    """

    def __init__(
        self,
        codebook: Any = None,
        pyramid: PyramidLayout = "square",
        levels: PyramidLevel = 2,
        weighted: bool = True,
        assignment: Assignment = "hard",
        n_neighbors: PositiveInt = 5,
        norm: Norm = "l1",
        per_histogram: bool = False,
    ) -> None:
        self.codebook = codebook
        self.pyramid = pyramid
        self.levels = levels
        self.weighted = weighted
        self.assignment = assignment
        self.n_neighbors = n_neighbors
        self.norm = norm
        self.per_histogram = per_histogram

    def fit(self, images: Sequence[Described], y: object = None) -> Self:
        """Learn the codebook from the local descriptors of the images.

        Raises:
            InputError: unknown option, or fewer descriptors than words.
        """
        self._grids()
        if self.assignment not in get_args(Assignment):
            raise InputError(
                f"There is no assignment '{self.assignment}'.",
                nearest(str(self.assignment), get_args(Assignment)),
            )
        if self.n_neighbors < 1:
            raise InputError(
                f"Soft assignment shares a descriptor among 1 word or more, not {self.n_neighbors}."
            )
        if self._unplaced():
            for image in check_images_described(images):
                as_local(image, self._unplaced())
        codebook = VisualWords() if self.codebook is None else clone(self.codebook)
        self.codebook_ = codebook.fit(images, y)
        return self

    def encode(self, image: Described) -> np.ndarray:
        """Histograms of one image, (cells * bins,) float32, cell by cell, coarse to fine.

        Zero without descriptors.
        """
        words, weights, positions = self._assigned(as_local(image, self._unplaced()))
        n_bins = self.codebook_.n_bins_
        levels = []
        for grid in self._grids():
            bins = cell_of(positions, grid)[:, None] * n_bins + words
            counts = np.bincount(bins.ravel(), weights.ravel(), grid.cells * n_bins)
            histograms = counts.reshape(grid.cells, n_bins)
            if self.per_histogram:
                histograms = normalize(histograms, self.norm)
            levels.append(histograms.ravel() * grid.weight)
        vector = np.concatenate(levels)
        return (vector if self.per_histogram else normalize(vector, self.norm)).astype(np.float32)

    def _length(self) -> int:
        return sum(grid.cells for grid in self._grids()) * self.codebook_.n_bins_

    def _unplaced(self) -> str:
        return "" if self.pyramid == "none" else "pyramid='none'"

    def _grids(self) -> tuple[PyramidGrid, ...]:
        return pyramid(self.pyramid, self.levels, weighted=self.weighted)

    def _assigned(self, image: LocalDescriptors) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Words (n, m), weights (n, m) and positions (n, 2) of the descriptors that count."""
        descriptors, positions = image.descriptors, image.positions
        if self.codebook_.zero_descriptors == "keep":
            return *self._words_of(descriptors), positions
        contrast = descriptors.any(axis=1)
        words, weights = self._words_of(descriptors[contrast])
        if self.codebook_.zero_descriptors == "drop":
            return words, weights, positions[contrast]
        all_words = np.full((len(descriptors), words.shape[1]), len(self.codebook_.words_))
        all_weights = np.full(all_words.shape, 1 / words.shape[1], np.float32)
        all_words[contrast], all_weights[contrast] = words, weights
        return all_words, all_weights, positions

    def _words_of(self, descriptors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Words (n, m) and their weights (n, m) of each descriptor."""
        if self.assignment == "hard":
            words = nearest_words(descriptors, self.codebook_.words_)[:, None]
            return words, np.ones(words.shape, np.float32)
        return soft_assignment(
            descriptors,
            self.codebook_.words_,
            n_neighbors=self.n_neighbors,
            bandwidth=self.codebook_.bandwidth_,
        )
