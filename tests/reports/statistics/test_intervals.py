import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from strata.reports.statistics.intervals import (
    corrected_mean_interval,
    corrected_variance,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # statsmodels 0.14, proportion_confint(..., method="wilson")
        (45, 50, 0.7863976856252034, 0.9565242350681095),
        (0, 10, 0.0, 0.27753279986288926),
        (774, 807, 0.943129086352508, 0.9707363702531852),
    ],
)
def test_wilson_has_the_values_of_another_library(successes, n, low, high):
    assert wilson_interval(successes, n) == pytest.approx((low, high), abs=1e-12)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy(case):
    successes, n = case
    expected = binomtest(successes, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(successes, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(st.floats(0, 40), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_stays_in_range_and_holds_its_proportion(successes, confidence):
    low, high = wilson_interval(successes, 40, confidence)
    assert 0 <= low <= successes / 40 <= high <= 1


def test_wilson_of_nothing_is_unknown():
    assert np.isnan(wilson_interval(0, 0)).all()


def test_wilson_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(3)
    draws = rng.binomial(120, 0.93, 4000)
    held = [low <= 0.93 <= high for low, high in (wilson_interval(k, 120) for k in draws)]
    assert 0.93 < np.mean(held) < 0.97


def test_corrected_variance_is_the_papers_formula():
    values = np.array([0.90, 0.94, 0.88, 0.92])
    squares = sum((v - 0.91) ** 2 for v in values) / 3
    assert corrected_variance(values, 1 / 3) == pytest.approx((1 / 4 + 1 / 3) * squares)


def test_interval_of_one_fold_is_unknown():
    assert np.isnan(corrected_mean_interval(np.array([0.9]), 0.1)).all()


def test_interval_covers_the_truth_where_results_share_images():
    """Results with correlation n2 / (n1 + n2), which is what the correction assumes."""
    rng, folds, rho, truth = np.random.default_rng(5), 8, 1 / 8, 0.8
    covered = plain = 0
    for _ in range(3000):
        shared = rng.normal(0, np.sqrt(rho))
        values = truth + 0.02 * (shared + rng.normal(0, np.sqrt(1 - rho), folds))
        low, high = corrected_mean_interval(values, 1 / (folds - 1))
        covered += low <= truth <= high
        half = 2.3646 * values.std(ddof=1) / np.sqrt(folds)
        plain += abs(values.mean() - truth) <= half
    assert 0.935 < covered / 3000 < 0.965
    assert plain / 3000 < 0.90
