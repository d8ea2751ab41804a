import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.errors import InputError
from strata.features.codebooks.assignment import nearest_words, soft_assignment
from strata.features.codebooks.visual_words import VisualWords
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.encodings.bag_of_words import BagOfWords
from strata.features.encodings.base import BaseEncoder
from strata.features.encodings.contributions import descriptor_contributions
from strata.features.encodings.fisher_vectors import FisherVectors
from strata.features.encodings.spatial_pyramid import cell_of, pyramid
from strata.features.encodings.vlad import VLAD


def local(n, seed, d=6):
    """Descriptors, a tenth of them without contrast."""
    rng = np.random.default_rng(seed)
    X = rng.gamma(1.0, size=(n, d)).astype(np.float32)
    X[: n // 10] = 0
    return LocalDescriptors(X, rng.random((n, 2), np.float32), np.ones(n, np.float32))


IMAGES = [local(n, seed=n) for n in (200, 90, 40, 150)]
ENCODERS = [
    BagOfWords(VisualWords(8)),
    BagOfWords(VisualWords(8, zero_descriptors="drop"), norm="power", weighted=False),
    BagOfWords(VisualWords(8, zero_descriptors="keep"), pyramid="none", norm="none"),
    BagOfWords(VisualWords(8), pyramid="horizontal", norm="l2", per_histogram=True),
    BagOfWords(VisualWords(8), pyramid="paper", levels=1, assignment="soft", n_neighbors=3),
    VLAD(5),
    VLAD(5, intra_norm=False, power=0.5),
    FisherVectors(4, n_dims=3),
    FisherVectors(4, n_dims=0, whiten=False, position_weight=0, keep_zero=False, norm="l1"),
    FisherVectors(3, n_dims=4, pyramid="square", levels=1, position_weight=0.5, power=1.0),
]
FITTED = [encoder.fit(IMAGES) for encoder in ENCODERS]


def terms(encoder, image):
    """The naive (n, d) terms u_jn, without the factors that all descriptors share."""
    X = image.descriptors.astype(np.float64)
    contrast = image.descriptors.any(axis=1)
    if isinstance(encoder, BagOfWords):
        treatment, words = encoder.codebook_.zero_descriptors, encoder.codebook_.words_
        counts = np.zeros((len(X), encoder.codebook_.n_bins_))
        for n, x in enumerate(image.descriptors):
            if contrast[n] or treatment == "keep":
                if encoder.assignment == "hard":
                    counts[n, nearest_words(x[None], words)] = 1
                else:
                    bandwidth = encoder.codebook_.bandwidth_
                    at, share = soft_assignment(
                        x[None], words, n_neighbors=encoder.n_neighbors, bandwidth=bandwidth
                    )
                    counts[n, at] = share
            elif treatment == "word":
                counts[n, len(words)] = 1
        return in_cells(counts, image, pyramid(encoder.pyramid, encoder.levels))
    if isinstance(encoder, VLAD):
        labels = nearest_words(image.descriptors, encoder.words_)
        found = np.zeros((len(X), *encoder.words_.shape))
        for n in np.flatnonzero(contrast):
            found[n, labels[n]] = X[n] - encoder.words_[labels[n]]
        return found.reshape(len(X), -1)
    mixture = encoder.mixture_
    points = encoder._points(image)
    posteriors = mixture.predict_proba(points).astype(float)
    posteriors *= np.ones(len(X))[:, None] if encoder.keep_zero else contrast[:, None]
    away = points[:, None] - mixture.means_
    gradients = [away, away**2 / mixture.covariances_ - 1]
    found = np.stack([posteriors[:, :, None] * gradient for gradient in gradients], axis=1)
    return in_cells(found.reshape(len(X), -1), image, pyramid(encoder.pyramid, encoder.levels))


def in_cells(values, image, grids):
    blocks = [
        values * (cell_of(image.positions, grid) == cell)[:, None]
        for grid in grids
        for cell in range(grid.cells)
    ]
    return np.concatenate(blocks, axis=1)


@pytest.mark.parametrize("encoder", FITTED, ids=str)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 60))
def test_contributions_sum_to_the_score(encoder, seed, n):
    image = local(n, seed)
    vector = encoder.encode(image).astype(np.float64)
    scores = np.random.default_rng(seed).normal(size=len(vector)) * vector
    found = descriptor_contributions(encoder, image, scores)
    assert found.shape == (n,)
    assert found.sum() == pytest.approx(scores.sum(), rel=1e-5, abs=1e-5 * np.abs(scores).sum())


@pytest.mark.parametrize("encoder", FITTED, ids=str)
@pytest.mark.parametrize("image", IMAGES[:2], ids=len)
def test_each_component_is_divided_in_proportion_to_the_terms(encoder, image):
    vector = encoder.encode(image).astype(np.float64)
    scores = np.random.default_rng(0).normal(size=len(vector)) * vector
    all_terms = terms(encoder, image)
    sums = all_terms.sum(axis=0)
    clear = np.abs(sums) > 1e-3 * np.abs(all_terms).sum(axis=0)
    clear &= np.abs(vector) > 1e-6 * np.abs(vector).max()
    # the terms are those of the encoding: every component has the sign of their sum
    np.testing.assert_array_equal(np.sign(vector)[clear], np.sign(sums)[clear])
    scores[~clear] = 0
    shares = np.divide(all_terms, sums, out=np.zeros_like(all_terms), where=clear)
    expected = shares @ scores
    found = descriptor_contributions(encoder, image, scores)
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("encoder", FITTED, ids=str)
def test_an_image_without_descriptors_has_no_contributions(encoder):
    scores = np.zeros(encoder._length())
    assert descriptor_contributions(encoder, LocalDescriptors.empty(6), scores).shape == (0,)


def test_equal_descriptors_share_equally():
    image = IMAGES[0]
    twice = LocalDescriptors(*(np.concatenate([part, part]) for part in image))
    for encoder in FITTED:
        vector = encoder.encode(twice)
        found = descriptor_contributions(encoder, twice, vector * np.arange(len(vector)))
        first, second = np.split(found, 2)
        np.testing.assert_allclose(first, second, atol=1e-9 * np.abs(found).max())


def test_a_gradient_of_rounding_alone_is_shared_by_posteriors():
    """Points that lie symmetrically around the only Gaussian have no gradient by its mean."""
    encoder = FisherVectors(1, n_dims=0, whiten=False, position_weight=0)
    X = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    both = np.concatenate([X, -X]).astype(np.float32)
    image = LocalDescriptors(both, np.zeros((200, 2), np.float32), np.ones(200, np.float32))
    encoder.fit([image])
    scores = np.concatenate([np.full(3, 1e-6), np.zeros(3)])
    found = descriptor_contributions(encoder, image, scores)
    np.testing.assert_allclose(found, 3e-6 / 200, rtol=1e-4)


def test_other_encoders_are_refused():
    class Mean(BaseEncoder):
        def encode(self, image):
            return image.descriptors.mean(axis=0)

        def _length(self):
            return 6

    with pytest.raises(InputError, match="Mean"):
        descriptor_contributions(Mean(), IMAGES[0], np.zeros(6))
