import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from strata.errors import InputError
from strata.features.codebooks.visual_words import VisualWords
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.encodings.bag_of_words import BagOfWords
from strata.features.encodings.spatial_pyramid import cell_of, pyramid


def local(n, seed=0, zeros=0):
    rng = np.random.default_rng(seed)
    descriptors = (
        rng.random((n, 6), np.float32) + np.eye(6, dtype=np.float32)[rng.integers(6, size=n)]
    )
    descriptors[:zeros] = 0
    return LocalDescriptors(descriptors, rng.random((n, 2), np.float32), np.ones(n, np.float32))


IMAGES = [local(n, seed=n, zeros=n // 10) for n in (150, 80, 3, 120)]
COUNTS = {"norm": "none", "weighted": False}


@pytest.mark.parametrize("layout", ["none", "square", "paper", "horizontal"])
@pytest.mark.parametrize("zero", ["drop", "word", "keep"])
def test_it_counts_each_descriptor_once_a_level_in_its_cell_and_word(layout, zero):
    encoder = BagOfWords(VisualWords(7, zero), **COUNTS, pyramid=layout).fit(IMAGES)
    for image in IMAGES:
        expected = []
        for grid in pyramid(layout, weighted=False):
            counts = np.zeros((grid.cells, 7 + (zero == "word")))
            for x, cell in zip(image.descriptors, cell_of(image.positions, grid), strict=True):
                word = ((encoder.codebook_.words_ - x) ** 2).sum(axis=1).argmin()
                if not x.any() and zero != "keep":
                    word = 7
                if x.any() or zero != "drop":
                    counts[cell, word] += 1
            expected.append(counts.ravel())
        np.testing.assert_array_equal(encoder.encode(image), np.concatenate(expected))


def test_coarse_histograms_are_the_sums_of_the_fine_ones():
    encoder = BagOfWords(VisualWords(7), **COUNTS, assignment="soft", n_neighbors=3).fit(IMAGES)
    vector = encoder.encode(IMAGES[0]).reshape(21, 8)
    np.testing.assert_allclose(vector[0], vector[1:5].sum(axis=0), rtol=1e-5)
    np.testing.assert_allclose(vector[0], vector[5:].sum(axis=0), rtol=1e-5)
    assert vector[0].sum() == pytest.approx(150)


@pytest.mark.parametrize("per_histogram", [False, True])
@pytest.mark.parametrize(("norm", "order"), [("l1", 1), ("l2", 2), ("power", 2)])
def test_norms_of_the_whole_and_of_each_histogram(norm, order, per_histogram):
    encoder = BagOfWords(VisualWords(7), norm=norm, per_histogram=per_histogram).fit(IMAGES)
    vector = encoder.encode(IMAGES[0])
    if not per_histogram:
        assert np.linalg.norm(vector, order) == pytest.approx(1, abs=1e-5)
    else:
        weights = np.repeat([1 / 4, 1 / 4, 1 / 2], [1, 4, 16])
        lengths = np.linalg.norm(vector.reshape(21, 8), order, axis=1)
        np.testing.assert_allclose(lengths, weights, rtol=1e-5)


def test_images_without_descriptors_are_zero():
    encoder = BagOfWords(VisualWords(4)).fit(IMAGES)
    assert not encoder.transform([LocalDescriptors.empty(6)]).any()
    assert encoder.transform([]).shape == (0, 21 * 5)


def test_unknown_options_are_named():
    for wrong in ({"assignment": "sof"}, {"pyramid": "sqare"}, {"norm": "l3"}):
        with pytest.raises(InputError, match="There is no"):
            BagOfWords(VisualWords(4), **wrong).fit(IMAGES).transform(IMAGES)
    with pytest.raises(InputError, match="There is no"):
        VisualWords(4, zero_descriptors="wrd").fit(IMAGES)
    with pytest.raises(InputError, match="1 word or more, not 0"):
        BagOfWords(VisualWords(4), assignment="soft", n_neighbors=0).fit(IMAGES)


def test_it_clones_pickles_and_repeats_bit_for_bit():
    encoder = BagOfWords(VisualWords(5, random_state=3)).fit(IMAGES)
    vectors = encoder.transform(IMAGES)
    np.testing.assert_array_equal(clone(encoder).fit(IMAGES).transform(IMAGES), vectors)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(encoder)).transform(IMAGES), vectors)


def test_a_frozen_codebook_serves_other_histograms_and_is_not_learned_again():
    codebook = VisualWords(7).fit(IMAGES)
    one = BagOfWords(FrozenEstimator(codebook), pyramid="none", norm="none").fit([])
    assert one.codebook_.words_ is codebook.words_
    whole = BagOfWords(VisualWords(7), **COUNTS).fit(IMAGES).transform(IMAGES)
    np.testing.assert_array_equal(one.transform(IMAGES), whole[:, :8])
