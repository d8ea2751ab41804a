import pickle

import numpy as np
import pytest
from skimage import feature as skimage_feature
from sklearn.base import clone
from sklearn.mixture import GaussianMixture

from strata.errors import InputError
from strata.features.codebooks.gaussian_mixture import DiagonalGaussianMixture
from strata.features.descriptors.color_statistics import ColorStatistics
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.encodings.fisher_vectors import FisherVectors, fisher_vector
from strata.pipeline.stages.serialize import of_shard, serialize_float16


def local(n, d=12, seed=0):
    rng = np.random.default_rng(seed)
    descriptors = rng.gamma(1.0, size=(n, d)).astype(np.float32)
    return LocalDescriptors(descriptors, rng.random((n, 2), np.float32), np.ones(n, np.float32))


IMAGES = [local(n, seed=n) for n in (300, 200, 1, 257, 400)]


@pytest.fixture(scope="module")
def mixture():
    return DiagonalGaussianMixture(5, max_iter=8).fit(
        np.concatenate([i.descriptors for i in IMAGES])
    )


def naive(points, mixture):
    """Perronnin, Sanchez, Mensink 2010, equations 4 and 5, term by term in float64."""
    posterior = mixture.predict_proba(points).astype(float)
    by_mean, by_deviation = np.zeros((2, *mixture.means_.shape))
    for x, g in zip(points.astype(float), posterior, strict=True):
        for k, w in enumerate(mixture.weights_):
            u = (x - mixture.means_[k]) / np.sqrt(mixture.covariances_[k])
            by_mean[k] += g[k] * u / (len(points) * np.sqrt(w))
            by_deviation[k] += g[k] * (u**2 - 1) / (len(points) * np.sqrt(2 * w))
    return np.concatenate([by_mean.ravel(), by_deviation.ravel()])


@pytest.mark.parametrize("image", IMAGES)
def test_it_is_the_formula(image, mixture):
    ours, expected = fisher_vector(image.descriptors, mixture), naive(image.descriptors, mixture)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, atol=1e-5 * np.abs(expected).max())


def test_it_is_scikit_images_without_weights_and_with_its_sign(mixture):
    peer = GaussianMixture(5, covariance_type="diag")
    peer.weights_, peer.means_ = mixture.weights_, mixture.means_
    peer.covariances_ = mixture.covariances_
    peer.precisions_cholesky_ = 1 / np.sqrt(mixture.covariances_)
    points = IMAGES[0].descriptors
    theirs = skimage_feature.fisher_vector(points.astype(float), peer)[5:]
    theirs[60:] *= -1  # scikit-image's gradient of the deviations points the other way
    np.testing.assert_allclose(fisher_vector(points, mixture), theirs, atol=1e-5)


def test_it_is_the_gradient_of_the_likelihood(mixture):
    """Moving a mean by h changes the mean log-likelihood by h times what the vector says."""
    points, h, (k, j) = IMAGES[0].descriptors, 1e-2, (2, 7)
    likelihoods = []
    for step in (-h, h):
        moved = pickle.loads(pickle.dumps(mixture))
        moved.means_[k, j] += step
        moved.density_map_ = moved._density_map()
        likelihoods.append(moved.score(points))
    slope = (likelihoods[1] - likelihoods[0]) / (2 * h)
    scale = np.sqrt(mixture.covariances_[k, j] / mixture.weights_[k])  # Fisher information^(-1/2)
    ours = fisher_vector(points, mixture).reshape(2, *mixture.means_.shape)[0, k, j]
    assert ours == pytest.approx(slope * scale, rel=0.02)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_points_that_are_not_finite_are_refused(mixture, bad):
    points = IMAGES[0].descriptors.copy()
    points[5, 5] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        fisher_vector(points, mixture)


def test_the_projection_does_not_depend_on_the_origin():
    far = [i._replace(descriptors=i.descriptors + np.float32(10)) for i in IMAGES]
    here, there = (
        FisherVectors(3, n_dims=6, max_iter=3, random_state=0).fit(images)
        for images in (IMAGES, far)
    )
    cosines = np.linalg.svd(np.linalg.qr(here.projection_)[0].T
                            @ np.linalg.qr(there.projection_)[0])[1]  # fmt: skip
    assert cosines.min() > 0.9999
    np.testing.assert_allclose(
        np.abs(here._points(IMAGES[0])), np.abs(there._points(far[0])), atol=2e-3
    )


def test_no_points_no_gradient(mixture):
    assert not fisher_vector(np.zeros((0, 12), np.float32), mixture).any()


@pytest.mark.parametrize("positions", [0.0, 0.5])
@pytest.mark.parametrize("dimensions", [0, 4])
def test_shapes_lengths_and_empty_images(positions, dimensions):
    encoder = FisherVectors(
        n_components=3, n_dims=dimensions, position_weight=positions, max_samples=500
    )
    vectors = encoder.fit(IMAGES).transform([*IMAGES, LocalDescriptors.empty(12)])
    width = (dimensions or 12) + 2 * (positions > 0)
    assert vectors.shape == (6, 2 * 3 * width)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors[:-1], axis=1), 1, rtol=1e-5)
    assert not vectors[-1].any()


def test_plain_and_improved_differ_by_signed_root_and_length():
    settings = {"n_components": 3, "n_dims": 4, "max_samples": 500}
    plain = FisherVectors(**settings, power=1, norm="none").fit(IMAGES).transform(IMAGES)
    improved = FisherVectors(**settings).fit(IMAGES).transform(IMAGES)
    rooted = np.sign(plain) * np.sqrt(np.abs(plain))
    rooted /= np.linalg.norm(rooted, axis=1, keepdims=True)
    np.testing.assert_allclose(improved, rooted, atol=1e-6)


def test_whitening_gives_the_projected_sample_variance_one():
    encoder = FisherVectors(n_components=2, n_dims=4, whiten=True, position_weight=0).fit(IMAGES)
    everything = np.concatenate([image.descriptors for image in IMAGES])
    projected = (everything - encoder.mean_) @ encoder.projection_
    np.testing.assert_allclose(projected.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(np.cov(projected.T), np.eye(4), atol=1e-3)


def test_zero_rows_count_or_do_not():
    image = IMAGES[0]
    padded = LocalDescriptors(*(np.concatenate([a, np.zeros_like(a[:50])]) for a in image))
    for keep_zero in (False, True):
        encoder = FisherVectors(n_components=3, n_dims=4, keep_zero=keep_zero).fit(IMAGES)
        same = np.allclose(encoder.encode(image), encoder.encode(padded), atol=1e-6)
        assert same == (not keep_zero)


def test_bytes_are_encoded_as_their_values():
    image = IMAGES[0]._replace(descriptors=np.round(IMAGES[0].descriptors * 20).astype(np.uint8))
    floats = image._replace(descriptors=image.descriptors.astype(np.float32))
    encoder = FisherVectors(n_components=3, n_dims=4).fit([floats])
    np.testing.assert_array_equal(encoder.encode(image), encoder.encode(floats))


def test_it_clones_pickles_and_repeats_bit_for_bit():
    encoder = FisherVectors(n_components=3, n_dims=4, max_samples=500, random_state=5).fit(IMAGES)
    vectors = encoder.transform(IMAGES)
    np.testing.assert_array_equal(clone(encoder).fit(IMAGES).transform(IMAGES), vectors)
    again = pickle.loads(pickle.dumps(encoder)).transform(IMAGES)
    np.testing.assert_array_equal(again, vectors)


@pytest.mark.parametrize(("layout", "cells"), [("square", 1 + 4), ("horizontal", 1 + 3)])
def test_each_cell_of_a_pyramid_has_the_vector_of_its_descriptors(layout, cells):
    settings = {"n_components": 3, "n_dims": 4, "max_samples": 500}
    encoder = FisherVectors(pyramid=layout, **settings).fit(IMAGES)
    whole = FisherVectors(**settings).fit(IMAGES)
    image = IMAGES[0]
    parts = encoder.encode(image).reshape(cells, -1) * np.sqrt(cells)
    np.testing.assert_allclose(parts[0], whole.encode(image), atol=1e-6)
    rows = {"square": (0.0, 0.5), "horizontal": (0.0, 1 / 3)}[layout]
    columns = {"square": (0.0, 0.5), "horizontal": (0.0, 1.0)}[layout]
    inside = np.ones(len(image.positions), bool)
    for axis, (low, high) in ((0, columns), (1, rows)):
        inside &= (image.positions[:, axis] >= low) & (image.positions[:, axis] < high)
    corner = LocalDescriptors(*(part[inside] for part in image))
    np.testing.assert_allclose(parts[1], whole.encode(corner), atol=1e-6)
    assert encoder.transform(IMAGES).shape == (5, cells * 3 * 6 * 2)


@pytest.mark.parametrize("whiten", [False, True])
def test_constant_dimensions_are_left_out_of_the_projection(whiten):
    """Half of the colors' statistics in gray images; their rounding is no feature."""
    rng = np.random.default_rng(0)
    rounding = rng.normal(scale=1e-9, size=(12, 12))
    images = [
        i._replace(descriptors=np.hstack([i.descriptors, i.descriptors @ rounding]).astype("f"))
        for i in IMAGES
    ]
    options = {"n_components": 3, "n_dims": 20, "whiten": whiten, "max_iter": 5}
    vectors = FisherVectors(**options).fit_transform(images)
    plain = FisherVectors(**options).fit_transform(IMAGES)
    assert vectors.shape == plain.shape == (len(IMAGES), 3 * 2 * (12 + 2))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_gray_images_have_fisher_vectors_of_color_statistics():
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (64, 64, 1), np.uint8).repeat(3, axis=2) for _ in range(4)]
    local = of_shard(serialize_float16(map(ColorStatistics().describe, images)))
    vectors = FisherVectors(n_components=4, max_iter=5).fit_transform(local)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(("descriptors", "components"), [(1, 1), (1, 64), (5, 6)])
def test_too_few_descriptors_are_an_error_for_the_user(descriptors, components):
    with pytest.raises(InputError, match="too few"):
        FisherVectors(n_components=components).fit([local(descriptors)])
