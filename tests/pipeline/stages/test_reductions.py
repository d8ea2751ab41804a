"""Scaling and projecting vectors, learned on training images only."""

import numpy as np
import pytest

from strata.errors import InputError
from strata.pipeline.stages.reductions import (
    additive_kernel_map,
    apply_reduction,
    centered_power,
    concatenate,
    lda,
    nystroem,
    pca,
    standardize,
)
from tests.pipeline.stages.vectors import clouds, in_shards, subset

VECTORS, LABELS = clouds(d=40)
TRAIN = subset(range(24), LABELS[:24])


def applied(fitted):
    return apply_reduction.function({"vectors": np.float32(VECTORS)}, fitted)["vectors"]


def test_standardized_training_vectors_have_mean_0_and_variance_1():
    found = applied(standardize.function(in_shards(VECTORS), TRAIN))
    assert np.allclose(found[:24].mean(axis=0), 0, atol=1e-5)
    assert np.allclose(found[:24].std(axis=0), 1, atol=1e-4)


def test_centered_powers_have_mean_0_over_the_training_images():
    found = applied(centered_power.function(in_shards(VECTORS), TRAIN))
    assert np.allclose(found[:24].mean(axis=0), 0, atol=1e-5)
    assert not np.allclose(found[24:].mean(axis=0), 0, atol=1e-2)


@pytest.mark.parametrize(("asked", "found"), [(3, 3), (100, 24)])
def test_pca_keeps_what_is_there(asked, found):
    fitted = pca.function(in_shards(VECTORS), TRAIN, n_components=asked)
    assert applied(fitted).shape == (36, found)


def test_whitened_components_are_none_of_rounding():
    """Of images fewer than components, or copies; others' vectors would be millions there."""
    copies = np.concatenate([VECTORS[:6]] * 4 + [VECTORS[24:]])
    for vectors, train, found in ((VECTORS, TRAIN, 23), (copies, TRAIN, 5)):
        fitted = pca.function(in_shards(vectors), train, whiten=True)
        vectors = apply_reduction.function({"vectors": np.float32(VECTORS)}, fitted)["vectors"]
        assert vectors.shape == (36, found)
        assert np.abs(vectors).max() < 50


def test_pca_of_vectors_far_from_the_origin():
    rng = np.random.default_rng(0)
    vectors = np.float32(rng.normal(size=(240, 8)) * np.linspace(1, 2, 8))
    train = subset(range(240), [0, 1] * 120)
    near, far = (
        pca.function(in_shards(vectors + offset), train, n_components=3)["reduction"]
        for offset in (np.float32(0), np.float32(1000))
    )
    cosines = np.linalg.svd(near[-1].components_ @ far[-1].components_.T)[1]
    assert cosines.min() > 0.9999
    np.testing.assert_allclose(
        np.abs(near.transform(vectors)),
        np.abs(far.transform(vectors + np.float32(1000))),
        atol=0.01,
    )


def test_pca_keeps_a_share_of_the_variance():
    fitted = pca.function(in_shards(VECTORS), TRAIN, n_components=0.9)
    kept = np.sum(fitted["reduction"][-1].explained_variance_ratio_)
    assert 0.9 <= kept < 1


def test_discriminants_gather_classes_of_images_not_learned_from():
    found = applied(lda.function(in_shards(VECTORS), TRAIN))[24:]
    labels = LABELS[24:]
    assert found.shape == (12, 2)
    centers = np.stack([found[labels == c].mean(axis=0) for c in range(3)])
    nearest = ((found[:, None] - centers) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == labels).all()


def test_a_linear_kernel_of_joined_vectors_is_the_weighted_sum_of_kernels():
    a, b = np.float32(VECTORS[:6]), np.float32(VECTORS[6:12, :7])
    found = concatenate.function({"vectors": a}, {"vectors": b}, weights=(0.3, 0.7))["vectors"]
    cosines = [x @ x.T / np.outer(*2 * [np.linalg.norm(x, axis=1)]) for x in (a, b)]
    assert np.allclose(found @ found.T, 0.3 * cosines[0] + 0.7 * cosines[1], rtol=1e-4)


def test_more_vectors_than_fit_leave_the_same_share_of_each_class(monkeypatch):
    shards, row = in_shards(VECTORS), 4 * VECTORS.shape[1]
    rows, labels = shards.some_rows("vectors", TRAIN, 12 * row)
    assert np.bincount(labels).tolist() == [4, 4, 4]
    numbers = [(np.abs(VECTORS - x).sum(axis=1)).argmin() for x in rows]
    assert numbers == sorted(set(numbers))
    assert (LABELS[numbers] == labels).all()
    assert max(numbers) < 24
    everything, _ = shards.some_rows("vectors", TRAIN, 24 * row)
    assert (everything == shards.rows("vectors", TRAIN)).all()
    monkeypatch.setattr("strata.pipeline.stages.reductions.FOR_PCA", 12 * row)
    assert pca.function(shards, TRAIN, n_components=20)["reduction"][-1].n_components_ == 12


def test_joined_vectors_want_as_many_weights_as_there_are_branches():
    with pytest.raises(InputError, match="3 weights for 2"):
        concatenate.function({"vectors": VECTORS}, {"vectors": VECTORS}, weights=(1, 1, 1))


def test_a_linear_kernel_of_mapped_histograms_is_nearly_the_kernel():
    from strata.features.transforms.kernels import chi2

    histograms = np.float32(np.abs(VECTORS) / np.abs(VECTORS).sum(axis=1, keepdims=True))
    fitted = additive_kernel_map.function(
        in_shards(histograms), TRAIN, kernel="chi2", order=3, period=0.4
    )
    found = apply_reduction.function({"vectors": histograms}, fitted)["vectors"]
    assert np.allclose(found @ found.T, chi2(histograms), atol=0.03)


def test_a_linear_kernel_of_mapped_vectors_is_nearly_the_radial_one():
    from sklearn.metrics.pairwise import rbf_kernel

    fitted = nystroem.function(in_shards(VECTORS), TRAIN, gamma=0.3)
    found = apply_reduction.function({"vectors": VECTORS}, fitted)["vectors"]
    scaler, kernel_map = fitted["reduction"]
    exact = rbf_kernel(scaler.transform(VECTORS), gamma=0.3 / VECTORS.shape[1])
    assert found.dtype == np.float32
    assert kernel_map.n_components == len(TRAIN)
    assert np.allclose((found @ found.T)[:24, :24], exact[:24, :24], atol=1e-3)
    assert fitted["parameters"] > VECTORS.shape[1] * len(TRAIN)
    fewer = nystroem.function(in_shards(VECTORS), TRAIN, n_components=7)["reduction"]
    assert fewer.transform(VECTORS).shape == (len(VECTORS), 7)
