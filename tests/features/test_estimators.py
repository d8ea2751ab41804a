"""Estimators of vectors and encoders, as scikit-learn's tools find them."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import strata.features
from strata.errors import InputError
from strata.features import (
    GIST,
    LDA,
    VLAD,
    AdditiveKernelMap,
    BagOfWords,
    CenteredPower,
    ColorStatistics,
    DenseSIFT,
    DiagonalGaussianMixture,
    FisherVectors,
    KMeansCodebook,
    LocalDescriptors,
    VisualWords,
)
from tests.features.test_public_api import constructible

ONE_SAMPLE = {"check_fit2d_1sample": "raises InputError, not ValueError"}
FLOAT32 = {
    "check_methods_subset_invariance": "to 1e-7; products are in float32",
    "check_methods_sample_order_invariance": "to 1e-9; products are in float32",
}
#: Estimators of (n, d) arrays in every mode of their constructors, and the checks they fail.
VECTOR_ESTIMATORS = [
    (KMeansCodebook(n_words=3), ONE_SAMPLE),
    (KMeansCodebook(n_words=4, max_iter=60), ONE_SAMPLE),
    (DiagonalGaussianMixture(n_components=2), ONE_SAMPLE | FLOAT32),
    (DiagonalGaussianMixture(n_components=1, max_iter=2), FLOAT32),
    (LDA(), ONE_SAMPLE),
    (LDA(n_components=1), ONE_SAMPLE),
    (CenteredPower(), {}),
    (CenteredPower(alpha=0.3), {}),
    (AdditiveKernelMap(), {}),
    (AdditiveKernelMap(kernel="chi2", order=2), {}),
    (AdditiveKernelMap(order=0), {}),
]
OF_IMAGES = {"BagOfWords", "FisherVectors", "GIST", "VLAD", "VisualWords"}
#: Of vectors whose width its arguments say; scikit-learn's checks draw vectors of any.
OF_ONE_WIDTH = {"BlockWeights"}


@parametrize_with_checks(
    [estimator for estimator, _ in VECTOR_ESTIMATORS],
    expected_failed_checks=lambda estimator: next(
        failing for known, failing in VECTOR_ESTIMATORS if known is estimator
    ),
)
def test_it_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


def test_every_estimator_of_vectors_is_checked():
    local = {e.__name__ for e in constructible() if issubclass(e, strata.features.BaseDescriptor)}
    checked = {type(estimator).__name__ for estimator, _ in VECTOR_ESTIMATORS}
    assert {e.__name__ for e in constructible()} - local - OF_IMAGES - OF_ONE_WIDTH == checked


def local(n, seed):
    rng = np.random.default_rng(seed)
    return LocalDescriptors(
        rng.random((n, 6), np.float32), rng.random((n, 2), np.float32), np.ones(n, np.float32)
    )


LOCAL = [local(40, seed) for seed in range(3)]
PHOTOGRAPHS = [
    np.random.default_rng(seed).integers(0, 256, (50, 60, 3), np.uint8) for seed in range(3)
]
HISTOGRAMS = np.random.default_rng(0).random((8, 5))
TRANSFORMERS = [
    (BagOfWords(VisualWords(4)), LOCAL),
    (FisherVectors(2, n_dims=3), LOCAL),
    (FisherVectors(2, pyramid="square"), LOCAL),
    (VLAD(3), LOCAL),
    (GIST(32, orientations=(2, 1)), PHOTOGRAPHS),
    (AdditiveKernelMap(order=2), HISTOGRAMS),
    (CenteredPower(), HISTOGRAMS),
    (LDA(), HISTOGRAMS),
]


@pytest.mark.parametrize(("transformer", "X"), TRANSFORMERS)
def test_each_column_has_a_name(transformer, X):
    vectors = transformer.fit(X, np.arange(len(X)) % 2).transform(X)
    assert len(set(transformer.get_feature_names_out())) == vectors.shape[1]


@pytest.mark.parametrize(("transformer", "X"), TRANSFORMERS)
def test_vectors_may_be_data_frames(transformer, X):
    pandas = pytest.importorskip("pandas")
    plain = transformer.fit(X, np.arange(len(X)) % 2).transform(X)
    frame = transformer.set_output(transform="pandas").transform(X)
    transformer.set_output(transform="default")
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == list(transformer.get_feature_names_out())
    np.testing.assert_array_equal(frame.to_numpy(), plain)


@pytest.mark.parametrize("estimator", [DenseSIFT(), ColorStatistics(), GIST(32)])
def test_one_image_in_place_of_a_list_is_refused(estimator):
    for image in (PHOTOGRAPHS[0], PHOTOGRAPHS[0][..., 0]):
        with pytest.raises(InputError, match="Put it into a list"):
            estimator.transform(image)
        assert len(estimator.transform([image])) == 1
        assert len(estimator.transform(np.stack([image, image]))) == 2


@pytest.mark.parametrize("encoder", [VLAD(3), BagOfWords(VisualWords(4)), FisherVectors(2)])
def test_descriptors_of_one_image_in_place_of_a_list_are_refused(encoder):
    encoder.fit(LOCAL)
    with pytest.raises(InputError, match="list of one"):
        encoder.transform(LOCAL[0])
