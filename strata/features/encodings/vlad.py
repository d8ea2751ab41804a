"""VLAD: what is left of the descriptors when their visual words are taken away."""

from collections.abc import Sequence
from typing import Self

import numpy as np

from strata import seeds
from strata._compiled import compiled
from strata.features.codebooks.assignment import nearest_words
from strata.features.codebooks.descriptor_sampling import sample_descriptors
from strata.features.codebooks.kmeans import KMeansCodebook
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.encodings.base import BaseEncoder
from strata.features.transforms.normalize import l2, power


class VLAD(BaseEncoder):
    """Vectors of locally aggregated descriptors: for each word, the sum of x - word.

    Jegou, Douze, Schmid and Perez (CVPR 2010); normalized within each word by Arandjelovic and
    Zisserman, "All about VLAD" (CVPR 2013). Descriptors that are zero throughout are left out.

    Args:
        n_words: size of the codebook.
        intra_norm: whether the sum of each word is scaled to length one by itself, so that one
            repeated structure cannot fill the vector.
        power: exponent of the signed power that is applied before; 1 leaves the sums.
        max_iter: of k-means.
        max_samples: descriptors to learn from, drawn evenly over the images.
        random_state: of the sample and of k-means.

    Attributes:
        words_: (words, d) float32.
    """

    def __init__(
        self,
        n_words: int = 64,
        intra_norm: bool = True,
        power: float = 1.0,
        max_iter: int = 25,
        max_samples: int = 250_000,
        random_state: int = 0,
    ) -> None:
        self.n_words = n_words
        self.intra_norm = intra_norm
        self.power = power
        self.max_iter = max_iter
        self.max_samples = max_samples
        self.random_state = random_state

    def fit(self, images: Sequence[LocalDescriptors], y: object = None) -> Self:
        """Learn the codebook from the local descriptors of the images.

        Raises:
            InputError: no descriptors, or fewer than words.
        """
        drawn = sample_descriptors(
            images, self.max_samples, seeds.generator(self.random_state, "vlad")
        )
        self.words_ = (
            KMeansCodebook(self.n_words, self.max_iter, self.random_state).fit(drawn).centers_
        )
        return self

    def encode(self, image: LocalDescriptors) -> np.ndarray:
        """The vector of one image, (words d,) float32 of length one; zero without descriptors."""
        X = np.asarray(image.with_contrast().descriptors, np.float32)
        residuals = np.zeros(self.words_.shape, np.float64)
        _add_residuals(X, self.words_, nearest_words(X, self.words_), residuals)
        residuals = power(residuals, self.power)
        if self.intra_norm:
            residuals = l2(residuals)
        return l2(residuals.ravel()).astype(np.float32)

    def _length(self) -> int:
        return int(self.words_.size)


@compiled
def _add_residuals(
    X: np.ndarray, words: np.ndarray, labels: np.ndarray, residuals: np.ndarray
) -> None:
    """residuals[label] += x - word for every row."""
    for i in range(len(X)):
        row, word, total = X[i], words[labels[i]], residuals[labels[i]]
        for j in range(X.shape[1]):
            total[j] += row[j] - word[j]
