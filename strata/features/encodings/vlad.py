"""VLAD: residuals of local descriptors to their visual words, summed word by word."""

from collections.abc import Sequence
from typing import Self

import numpy as np

from strata import seeds
from strata._compiled import compiled
from strata.features.codebooks.assignment import nearest_words
from strata.features.codebooks.descriptor_sampling import sample_descriptors
from strata.features.codebooks.kmeans import KMeansCodebook
from strata.features.descriptors.local_descriptors import Described, as_local
from strata.features.encodings.base import BaseEncoder
from strata.features.transforms.normalize import l2, power
from strata.parameter_types import NonNegativeInt, PositiveFloat, PositiveInt


class VLAD(BaseEncoder):
    """Vector of locally aggregated descriptors: for each word, the sum of x - word.

    Jegou, Douze, Schmid and Perez (CVPR 2010); intra-normalization by Arandjelovic and Zisserman,
    "All about VLAD" (CVPR 2013). Descriptors that are zero throughout are left out.

    Args:
        n_words: size of the codebook.
        intra_norm: whether the sum of each word is scaled to length one by itself, so that one
            repeated structure cannot dominate the vector.
        power: exponent of the signed power, applied before `intra_norm`; 1 leaves the sums.
        max_iter: Lloyd iterations of k-means, at most.
        max_samples: number of descriptors to learn from, drawn evenly over the images.
        random_state: seed of the sample and of k-means.

    Attributes:
        words_: (words, d) float32.
        n_iter_: Lloyd iterations made.

    Examples:
        >>> import numpy as np
        >>> from strata.features import VLAD
        >>> images = [np.random.default_rng(i).random((50, 8), np.float32) for i in range(4)]
        >>> VLAD(n_words=3).fit_transform(images).shape
        (4, 24)
    """

    def __init__(
        self,
        n_words: PositiveInt = 64,
        intra_norm: bool = True,
        power: PositiveFloat = 1.0,
        max_iter: PositiveInt = 25,
        max_samples: PositiveInt = 250_000,
        random_state: NonNegativeInt = 0,
    ) -> None:
        self.n_words = n_words
        self.intra_norm = intra_norm
        self.power = power
        self.max_iter = max_iter
        self.max_samples = max_samples
        self.random_state = random_state

    def fit(self, images: Sequence[Described], y: object = None) -> Self:
        """Learn the codebook from the local descriptors of the images.

        Raises:
            InputError: no descriptors, or fewer than words.
        """
        sample = sample_descriptors(
            images, self.max_samples, seeds.generator(self.random_state, "vlad")
        )
        kmeans = KMeansCodebook(self.n_words, self.max_iter, self.random_state).fit(sample)
        self.words_ = kmeans.cluster_centers_
        self.n_iter_ = kmeans.n_iter_
        return self

    def encode(self, image: Described) -> np.ndarray:
        """VLAD vector of one image, (words d,) float32 of length one; zero without descriptors."""
        X = np.asarray(as_local(image).with_contrast().descriptors, np.float32)
        residuals = np.zeros(self.words_.shape, np.float64)
        _add_residuals(X, self.words_, nearest_words(X, self.words_), residuals)
        residuals = power(residuals, self.power)
        if self.intra_norm:
            residuals = l2(residuals)
        return l2(residuals.ravel()).astype(np.float32)

    def _length(self) -> int:
        return int(self.words_.size)


def _add_residuals_numpy(
    X: np.ndarray, words: np.ndarray, labels: np.ndarray, residuals: np.ndarray
) -> None:
    """residuals[label] += x - word for every row."""
    np.add.at(residuals, labels, X - words[labels])


@compiled(numpy=_add_residuals_numpy)
def _add_residuals(
    X: np.ndarray, words: np.ndarray, labels: np.ndarray, residuals: np.ndarray
) -> None:
    """residuals[label] += x - word for every row."""
    for i in range(len(X)):
        row, word, total = X[i], words[labels[i]], residuals[labels[i]]
        for j in range(X.shape[1]):
            total[j] += row[j] - word[j]
