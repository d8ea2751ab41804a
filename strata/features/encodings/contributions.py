"""Contributions of local descriptors to a linear score of an encoded image, which sum to the score.

Each component of an encoded vector is z_j = g_j u_j: u_j is a plain sum over the descriptors n of
terms u_jn (counts, residuals, gradients), and g_j what the normalizations make of it: powers,
lengths of cells and of the whole, weights of pyramid levels, all of them factors. So the part s_j
that component j has in a score (w_j z_j of a linear score, f_j(z_j) of an additive kernel) is
divided among the descriptors in proportion to their terms::

    c_n = sum_j s_j u_jn / u_j        sum_n c_n = sum_j s_j

Terms of both signs nearly cancel in some components; the contributions of single descriptors may
then be larger than the score.
"""

from collections.abc import Iterator
from functools import singledispatch

import numpy as np

from strata.errors import InputError
from strata.features.codebooks.assignment import nearest_words
from strata.features.codebooks.gaussian_mixture import DiagonalGaussianMixture
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.encodings.bag_of_words import BagOfWords
from strata.features.encodings.base import BaseEncoder
from strata.features.encodings.fisher_vectors import FisherVectors
from strata.features.encodings.spatial_pyramid import cell_of
from strata.features.encodings.vlad import VLAD, _add_residuals

_BLOCK = 2048  # points whose posteriors are held at a time

#: Sums below this fraction of their terms' magnitudes are the rounding of a Fisher vector, in
#: float32 and without the least posteriors.
ROUNDING = 1e-5


@singledispatch
def descriptor_contributions(
    encoder: BaseEncoder, image: LocalDescriptors, scores: np.ndarray
) -> np.ndarray:
    """Contribution of each local descriptor of an image to a score of its encoded vector.

    Args:
        encoder: fitted `BagOfWords`, `VLAD` or `FisherVectors`.
        image: as the encoder takes it.
        scores: (d,) part of each component of `encoder.encode(image)` in the score: of a linear
            score w . z, w * z.

    Returns:
        (n,) float64, which sum to `scores.sum()`; 0 of descriptors that the encoder leaves out.

    Raises:
        InputError: another encoder.
    """
    raise InputError(f"Contributions to vectors of {type(encoder).__name__} are not known.")


@descriptor_contributions.register
def _of_words(encoder: BagOfWords, image: LocalDescriptors, scores: np.ndarray) -> np.ndarray:
    """u_jn is the weight with which descriptor n counts in bin j."""
    words, weights, positions = encoder._assigned(image)
    n_bins, start = encoder.codebook_.n_bins_, 0
    found = np.zeros(len(positions))
    for grid in encoder._grids():
        bins = cell_of(positions, grid)[:, None] * n_bins + words
        stop = start + grid.cells * n_bins
        counts = np.bincount(bins.ravel(), weights.ravel(), stop - start)
        found += (weights * _ratio(scores[start:stop], counts)[bins]).sum(axis=1)
        start = stop
    drops = encoder.codebook_.zero_descriptors == "drop"
    return _all_rows(image, found) if drops else found


@descriptor_contributions.register
def _of_residuals(encoder: VLAD, image: LocalDescriptors, scores: np.ndarray) -> np.ndarray:
    """u_jn is entry j of x_n - word, in the block of the word nearest to x_n."""
    words = encoder.words_
    X = np.asarray(image.with_contrast().descriptors, np.float32)
    labels = nearest_words(X, words)
    sums = np.zeros(words.shape)
    _add_residuals(X, words, labels, sums)
    ratio = _ratio(scores.reshape(words.shape), sums)
    return _all_rows(image, np.einsum("nd,nd->n", X - words[labels], ratio[labels]))


@descriptor_contributions.register
def _of_gradients(
    encoder: FisherVectors, image: LocalDescriptors, scores: np.ndarray
) -> np.ndarray:
    """u_jn is the gradient of descriptor n's log-likelihood; see `gradient_contributions`."""
    some = image if encoder.keep_zero else image.with_contrast()
    points, start = encoder._points(some), 0
    found, size = np.zeros(len(points)), 2 * encoder.mixture_.means_.size
    for grid in encoder._grids():
        cells = cell_of(some.positions, grid)
        for cell in range(grid.cells):
            inside = cells == cell
            part = scores[start : start + size]
            found[inside] += gradient_contributions(points[inside], encoder.mixture_, part)
            start += size
    return found if encoder.keep_zero else _all_rows(image, found)


def gradient_contributions(
    points: np.ndarray, mixture: DiagonalGaussianMixture, scores: np.ndarray
) -> np.ndarray:
    """Contributions of points to a score of their Fisher vector, without their single gradients.

    With posteriors g, the terms of component k are, but for factors, g_nk (x_n - mu_k) by the mean
    and g_nk ((x_n - mu_k)^2 - sigma_k^2) by the deviation. Divided by their sums over n and
    multiplied by the scores, they are a quadratic function of x for each component::

        c_n = sum_k g_nk (A_k . x_n + B_k . x_n^2 + C_k)

    A sum that is nothing but rounding has no shares: its score, close to 0, is divided by the
    posteriors.

    Args:
        points: (n, d) float32.
        mixture: fitted on points of d dimensions.
        scores: (2 k d,), as in `fisher_vector`.

    Returns:
        (n,) float64.
    """
    means, variances = mixture.means_ - mixture.shift_, mixture.covariances_
    k, d = means.shape
    total = np.zeros((k, 2 * d + 1))
    for _, z, posteriors in _expanded(points, mixture):
        total += posteriors.T @ z
    first, second, mass = total[:, :d], total[:, d : 2 * d], total[:, 2 * d :]
    squares = second - 2 * means * first + mass * means**2
    sums = np.stack([first - mass * means, squares - mass * variances])
    magnitudes = np.stack([np.sqrt(mass * np.maximum(squares, 0)), squares + mass * variances])
    known = np.abs(sums) > ROUNDING * magnitudes
    parts = scores.reshape(2, k, d)
    R, S = _ratio(np.where(known, parts, 0), np.where(known, sums, 0))
    rest = np.where(known, 0, parts).sum(axis=(0, 2)) / np.maximum(mass[:, 0], 1e-300)
    constant = (S * (means**2 - variances) - R * means).sum(axis=1) + rest
    quadratic = np.hstack([R - 2 * S * means, S, constant[:, None]])
    found = np.zeros(len(points))
    for rows, z, posteriors in _expanded(points, mixture):
        found[rows] = np.einsum("nk,nk->n", posteriors, z @ quadratic.T)
    return found


def _expanded(
    points: np.ndarray, mixture: DiagonalGaussianMixture
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Yield rows, [x, x^2, 1] (b, 2 d + 1) with x less the shift, and posteriors (b, k).

    The posteriors are float32's, as those of the encoding; all sums over them are float64.
    """
    for start in range(0, len(points), _BLOCK):
        x = points[start : start + _BLOCK].astype(np.float64) - mixture.shift_
        z = np.hstack([x, x**2, np.ones((len(x), 1))])
        posteriors = z.astype(np.float32) @ mixture.density_map_
        posteriors -= posteriors.max(axis=1, keepdims=True)
        np.exp(posteriors, out=posteriors)
        posteriors /= posteriors.sum(axis=1, keepdims=True)
        yield slice(start, start + len(x)), z, posteriors.astype(np.float64)


def _ratio(scores: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """scores / sums in float64, 0 where the sum is 0."""
    scores = np.asarray(scores, np.float64)
    return np.divide(scores, sums, out=np.zeros_like(scores), where=sums != 0)


def _all_rows(image: LocalDescriptors, found: np.ndarray) -> np.ndarray:
    """(n,) contributions of all descriptors, from those of the ones with contrast."""
    contributions = np.zeros(len(image.descriptors))
    contributions[image.descriptors.any(axis=1)] = found
    return contributions
