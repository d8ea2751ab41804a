from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binomtest, t

from strata.reports.statistics.significance import corrected_t_test, holm, holm_levels, mcnemar_test

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_t_test_is_the_papers_formula():
    d = np.array([0.03, 0.01, 0.04, -0.01, 0.02])
    found = corrected_t_test(d, 0.25)
    statistic = d.mean() / np.sqrt((1 / 5 + 0.25) * d.var(ddof=1))
    assert found.statistic == pytest.approx(statistic)
    assert found.p == pytest.approx(2 * t.sf(abs(statistic), 4))


def test_t_test_does_not_hang_on_who_comes_first():
    d = np.array([0.03, 0.01, 0.04, -0.01])
    first, second = corrected_t_test(d, 0.3), corrected_t_test(-d, 0.3)
    assert first.p == second.p
    assert first.statistic == -second.statistic


@pytest.mark.parametrize(("value", "p"), [(0.0, 1.0), (0.05, 0.0)])
def test_t_test_of_constant_differences(value, p):
    assert corrected_t_test(np.full(8, value), 1 / 7).p == p


def test_t_test_needs_two_folds():
    with pytest.raises(ValueError, match="two folds"):
        corrected_t_test(np.array([0.1]), 0.1)


def test_t_test_raises_false_alarms_as_often_as_it_says_and_the_plain_one_more_often():
    rng, folds, rho = np.random.default_rng(7), 8, 1 / 8
    alarms = plain = 0
    for _ in range(4000):
        shared = rng.normal(0, np.sqrt(rho))
        d = 0.01 * (shared + rng.normal(0, np.sqrt(1 - rho), folds))
        alarms += corrected_t_test(d, 1 / (folds - 1)).p < 0.05
        plain += corrected_t_test(d, 0.0).p < 0.05
    assert 0.037 < alarms / 4000 < 0.063
    assert plain / 4000 > 0.10


@pytest.mark.parametrize(
    ("only_first", "only_second", "statistic", "p"),
    [  # statsmodels 0.14, mcnemar(..., exact=False, correction=True)
        (121, 59, 20.67222222222222, 5.450094825427117e-06),
        (30, 14, 5.113636363636363, 0.023738515250054576),
    ],
)
def test_mcnemar_has_the_values_of_another_library(only_first, only_second, statistic, p):
    found = mcnemar_test(only_first, only_second)
    assert (found.statistic, found.p) == pytest.approx((statistic, p), rel=1e-9)


@given(st.integers(0, 24), st.integers(0, 24))
def test_mcnemar_of_few_images_is_the_exact_binomial_test(b, c):
    assume(0 < b + c < 25)
    found = mcnemar_test(b, c)
    assert found.kind == "binomial"
    assert found.statistic == min(b, c)
    assert found.p == pytest.approx(binomtest(b, b + c).pvalue)


def test_mcnemar_of_many_images_is_close_to_the_exact_test():
    for n in range(25, 300, 25):
        for k in range(n // 2 + 1):
            found, exact = mcnemar_test(k, n - k), binomtest(k, n).pvalue
            assert found.kind == "chi-squared"
            assert found.p == pytest.approx(exact, abs=0.01)


def test_methods_that_agree_on_every_image_do_not_differ():
    assert mcnemar_test(0, 0).p == 1


def test_mcnemar_raises_no_more_false_alarms_than_it_says():
    rng = np.random.default_rng(2)
    for discordant in (12, 60):
        draws = rng.binomial(discordant, 0.5, 3000)
        alarms = np.mean([mcnemar_test(k, discordant - k).p < 0.05 for k in draws])
        assert alarms < 0.06


def test_holm_has_the_values_of_another_library():
    """statsmodels 0.14, multipletests(..., method="holm")."""
    found = holm(np.array([0.01, 0.04, 0.03, 0.005, 0.2, 0.04]))
    assert found == pytest.approx([0.05, 0.12, 0.12, 0.03, 0.2, 0.12])


@given(p_values, st.sampled_from([0.01, 0.05, 0.2]))
def test_holm_rejects_what_the_step_down_procedure_rejects(p, alpha):
    rejected = set()
    for step, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        if p[i] * (len(p) - step) >= alpha:
            break
        rejected.add(i)
    assert {i for i, q in enumerate(holm(np.array(p))) if q < alpha} == rejected


@given(p_values)
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p):
    adjusted = holm(np.array(p))
    assert (adjusted >= np.array(p)).all()
    assert (adjusted <= 1).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()


def test_holm_of_nothing():
    assert holm(np.array([])).size == 0


def fold_accuracies(rng: np.random.Generator, lead: float) -> np.ndarray:
    """Five methods on eight folds; images are hard for all, training sets overlap, the first
    method leads. (5, 8)"""
    of_fold = rng.normal(0, 0.02, 8)
    of_method = rng.normal(0, 0.01 / 8**0.5, (5, 1))  # shared by folds: they share images
    accuracy = 0.8 + of_fold + of_method + rng.normal(0, 0.01, (5, 8))
    accuracy[0] += lead
    return accuracy


def any_pair_told_apart(accuracy: np.ndarray) -> bool:
    p = [corrected_t_test(a - b, 1 / 7).p for a, b in combinations(accuracy, 2)]
    return bool((holm(np.array(p)) < 0.05).any())


def test_family_wise_error_of_the_corrected_t_test_on_five_equal_methods():
    rng = np.random.default_rng(5)
    alarms = sum(any_pair_told_apart(fold_accuracies(rng, 0.0)) for _ in range(1500))
    assert alarms / 1500 < 0.05 + 0.012  # two standard errors
    found = sum(any_pair_told_apart(fold_accuracies(rng, 0.08)) for _ in range(200))
    assert found / 200 > 0.9


def test_family_wise_error_of_mcnemar_and_holm_on_five_equal_methods():
    rng = np.random.default_rng(6)
    alarms = 0
    for _ in range(800):
        chance = rng.beta(4, 1, 400)  # images are hard or easy for all
        right = rng.random((5, 400)) < chance
        p = [
            mcnemar_test(int((a & ~b).sum()), int((b & ~a).sum())).p
            for a, b in combinations(right, 2)
        ]
        alarms += bool((holm(np.array(p)) < 0.05).any())
    assert alarms / 800 < 0.05 + 0.016


@given(p_values, st.sampled_from([0.05, 0.01]))
def test_holm_rejects_at_its_levels_what_its_adjusted_p_values_say(p, alpha):
    p = np.array(p)
    assert np.array_equal(p < holm_levels(p, alpha), holm(p) < alpha)


def test_levels_of_holm():
    levels = holm_levels(np.array([0.2, 0.001, 0.3, 0.04]), 0.05)
    assert levels == pytest.approx([0.05 / 3, 0.05 / 4, 0.05 / 3, 0.05 / 3])
