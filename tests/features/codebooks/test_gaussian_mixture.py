import warnings

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from strata.errors import InputError
from strata.features.codebooks.gaussian_mixture import DiagonalGaussianMixture


def points(n=4000, d=6, seed=0, shift=0.0):
    rng = np.random.default_rng(seed)
    means, deviations = rng.normal(size=(5, d)) * 3, rng.uniform(0.3, 1.5, (5, d))
    which = rng.integers(5, size=n)
    return (means[which] + rng.normal(size=(n, d)) * deviations[which] + shift).astype(np.float32)


def naive_densities(X, mixture):
    """log w_k + log N(x | mu_k, sigma_k), straight from the definition, float64."""
    X = X.astype(float)[:, None]
    parts = norm.logpdf(X, mixture.means_, np.sqrt(mixture.covariances_)).sum(axis=2)
    return parts + np.log(mixture.weights_)


@pytest.mark.parametrize("shift", [0.0, 500.0])
def test_densities_and_posteriors_are_those_of_the_definition(shift):
    X = points(shift=shift)
    mixture = DiagonalGaussianMixture(8, max_iter=5).fit(X)
    joint = naive_densities(X, mixture)
    total = np.logaddexp.reduce(joint, axis=1)
    np.testing.assert_allclose(mixture.score_samples(X), total, atol=2e-3)
    np.testing.assert_allclose(mixture.predict_proba(X), np.exp(joint - total[:, None]), atol=2e-3)


SIZES = [(1, 6), (8, 1), (31, 7), (32, 6), (33, 9), (100, 2), (5, 15), (5, 20), (5, 40), (5, 70)]


@pytest.mark.parametrize(("components", "d"), SIZES)
def test_statistics_are_the_weighted_sums(components, d):
    X = points(1300, d)
    mixture = DiagonalGaussianMixture(components, max_iter=5).fit(X)
    found = mixture.statistics(X)
    posterior = mixture.predict_proba(X).astype(float)
    moved = X.astype(float) - mixture.shift_
    np.testing.assert_allclose(found.mass, posterior.sum(axis=0), rtol=1e-4)
    np.testing.assert_allclose(found.first, posterior.T @ moved, rtol=1e-4, atol=0.05)
    np.testing.assert_allclose(found.second, posterior.T @ moved**2, rtol=1e-4, atol=0.05)
    assert found.n_points == 1300
    assert found.log_likelihood == pytest.approx(mixture.score_samples(X).sum(), rel=1e-6)


def test_one_em_step_is_scikit_learns_in_float64():
    X = points().astype(float)
    ours = DiagonalGaussianMixture(6, max_iter=3, tol=-np.inf, variance_floor=1e-9).fit(X)
    peer = GaussianMixture(
        6,
        covariance_type="diag",
        weights_init=ours.weights_,
        means_init=ours.means_,
        precisions_init=1 / ours.covariances_,
        max_iter=1,
        reg_covar=0,
    )
    with warnings.catch_warnings(action="ignore"):  # one step does not converge
        peer.fit(X)
    again = DiagonalGaussianMixture(6, max_iter=4, tol=-np.inf, variance_floor=1e-9).fit(X)
    np.testing.assert_allclose(again.weights_, peer.weights_, rtol=1e-3)
    np.testing.assert_allclose(again.means_, peer.means_, atol=2e-3)
    np.testing.assert_allclose(again.covariances_, peer.covariances_, rtol=2e-3)
    assert again.score(X) == pytest.approx(peer.score(X), abs=1e-4)


def test_the_likelihood_grows_with_every_step():
    X = points(seed=2)
    mixture = DiagonalGaussianMixture(10, max_iter=40, tol=1e-4).fit(X)
    growth = np.diff(mixture.lower_bounds_)
    assert (growth > -1e-4).all()
    assert mixture.converged_
    assert mixture.score(X) >= mixture.lower_bounds_[0]


def test_variances_keep_above_the_floor():
    X = np.repeat(points(40, 3), 30, axis=0)  # as many Gaussians as distinct points collapse
    mixture = DiagonalGaussianMixture(40, variance_floor=1e-3).fit(X)
    assert (mixture.covariances_ >= 1e-3 * X.var(axis=0) * 0.999).all()
    assert np.isfinite(mixture.score_samples(X)).all()


def test_constant_points_and_too_few():
    with pytest.warns(ConvergenceWarning, match="Only 1 of 2"):
        mixture = DiagonalGaussianMixture(2).fit(np.full((20, 3), 7.0))
    assert np.isfinite(mixture.score(np.zeros((1, 3))))
    with pytest.raises(InputError, match="too few"):
        DiagonalGaussianMixture(n_components=10).fit(np.ones((9, 2)))


@pytest.mark.parametrize("components", [3, 32])
@pytest.mark.parametrize("far", [1e3, 1e5, 1e8, 1e14, 1e18])
def test_a_point_however_far_belongs_to_some_gaussian(components, far):
    mixture = DiagonalGaussianMixture(components, max_iter=5).fit(points(600, 4))
    found = mixture.statistics(np.full((1, 4), far, np.float32))
    assert found.mass.sum() == pytest.approx(1)
    assert found.log_likelihood == pytest.approx(
        mixture.score(np.full((1, 4), far, np.float32)), rel=1e-5
    )


def test_a_point_far_from_all_narrow_gaussians_is_counted():
    tight = np.repeat([-1.0, 1.0], 200)[:, None] + 1e-6 * points(400, 3)
    mixture = DiagonalGaussianMixture(2, max_iter=3, variance_floor=1e-12).fit(tight)
    between = np.repeat(mixture.shift_[None], 4, axis=0)  # where the constants are all there is
    found = mixture.statistics(between)
    np.testing.assert_allclose(found.mass.sum(), 4)
    np.testing.assert_allclose(found.log_likelihood, mixture.score_samples(between).sum())


@pytest.mark.parametrize("spread", [1, 30, 1000])
def test_outliers_do_not_change_the_posteriors(spread):
    X = points(2000, 5)
    mixture = DiagonalGaussianMixture(40, max_iter=4, variance_floor=1e-7).fit(X)
    heavy = X.copy()
    heavy[:5] *= spread  # the int16 product of the candidates has to hold these too
    found = mixture.statistics(heavy)
    joint = naive_densities(heavy, mixture)
    posterior = np.exp(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))
    np.testing.assert_allclose(found.mass, posterior.sum(axis=0), rtol=1e-3, atol=1e-3)
    moved = posterior.T @ (heavy[:] - mixture.shift_)
    np.testing.assert_allclose(found.first, moved, rtol=1e-3, atol=1e-2 * spread)


def test_a_dimension_of_tiny_variance_does_not_spoil_the_others():
    X = points(500, 4)
    rest = DiagonalGaussianMixture(3, max_iter=5).fit(
        np.hstack([X, np.zeros((500, 1), np.float32)])
    )
    X = np.hstack([X, np.random.default_rng(0).normal(scale=1e-18, size=(500, 1))])
    found = DiagonalGaussianMixture(3, max_iter=5).fit(X.astype(np.float32))
    assert np.isfinite(found.density_map_).all()
    np.testing.assert_allclose(found.weights_, rest.weights_)
