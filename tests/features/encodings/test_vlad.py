import pickle

import numpy as np
import pytest
from sklearn.base import clone

from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.encodings.vlad import VLAD


def local(n, seed):
    X = np.random.default_rng(seed).gamma(1.0, size=(n, 6)).astype(np.float32)
    X[: n // 10] = 0
    return LocalDescriptors(X, np.zeros((n, 2), np.float32), np.ones(n, np.float32))


IMAGES = [local(n, n) for n in (200, 90, 1, 150)]


@pytest.mark.parametrize("intra", [False, True])
def test_it_is_the_normalized_sum_of_residuals(intra):
    encoder = VLAD(n_words=5, intra_norm=intra).fit(IMAGES)
    for image in IMAGES:
        sums = np.zeros((5, 6))
        for x in image.descriptors[image.descriptors.any(axis=1)].astype(float):
            word = ((encoder.words_ - x) ** 2).sum(axis=1).argmin()
            sums[word] += x - encoder.words_[word]
        if intra:
            lengths = np.linalg.norm(sums, axis=1, keepdims=True)
            sums = np.divide(sums, lengths, out=sums, where=lengths > 0)
        expected = sums.ravel() / np.linalg.norm(sums)
        np.testing.assert_allclose(encoder.encode(image), expected, atol=1e-5)


def test_images_without_descriptors_are_zero():
    encoder = VLAD(n_words=3).fit(IMAGES)
    assert not encoder.transform([LocalDescriptors.empty(6)]).any()


def test_it_clones_pickles_and_repeats_bit_for_bit():
    encoder = VLAD(n_words=4, power=0.5).fit(IMAGES)
    vectors = encoder.transform(IMAGES)
    np.testing.assert_array_equal(clone(encoder).fit(IMAGES).transform(IMAGES), vectors)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(encoder)).transform(IMAGES), vectors)
