import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from strata.reports.statistics import metrics

pairs = st.integers(2, 6).flatmap(
    lambda c: st.tuples(
        st.just(c),
        st.lists(st.tuples(st.integers(0, c - 1), st.integers(0, c - 1)), min_size=1, max_size=60),
    )
)


def unpack(case):
    classes, rows = case
    labels, predictions = np.array(rows).T
    return classes, labels, predictions


@settings(max_examples=40, deadline=None)
@given(pairs)
def test_confusion_and_class_figures_agree_with_scikit_learn(case):
    classes, labels, predictions = unpack(case)
    confusion = metrics.confusion_matrix(labels, predictions, classes)
    names = np.arange(classes)
    assert np.array_equal(confusion, sk.confusion_matrix(labels, predictions, labels=names))
    found = metrics.class_metrics(confusion)
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        labels, predictions, labels=names, zero_division=np.nan
    )
    assert np.array_equal(found.support, support)
    assert np.allclose(found.precision, precision, equal_nan=True)
    assert np.allclose(found.recall, recall, equal_nan=True)
    seen = found.support + found.predicted > 0
    assert np.allclose(found.f1[seen], f1[seen])
    assert np.isnan(found.f1[~seen]).all()


@settings(max_examples=40, deadline=None)
@given(pairs)
def test_means_over_classes_agree_with_scikit_learn(case):
    classes, labels, predictions = unpack(case)
    confusion = metrics.confusion_matrix(labels, predictions, classes)
    expected = np.mean([(predictions[labels == c] == c).mean() for c in np.unique(labels)])
    assert metrics.balanced_accuracy(confusion) == pytest.approx(expected)
    f1 = sk.f1_score(labels, predictions, average="macro", zero_division=0.0)
    assert metrics.macro_f1(confusion) == pytest.approx(f1)


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_top_k_counts_labels_among_the_k_highest_scores(seed, k):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, (20, 6)).astype(float)  # many ties
    labels = rng.integers(0, 6, 20)
    ranked = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    expected = np.mean([label in row for label, row in zip(labels, ranked, strict=True)])
    assert metrics.top_k_accuracy(labels, scores, k) == pytest.approx(expected)


def test_majority_rate():
    assert metrics.majority_baseline(np.array([0, 0, 0, 1, 2])) == 0.6


def test_confusions_are_the_largest_wrong_cells():
    matrix = np.array([[9, 2, 0], [5, 7, 1], [0, 0, 8]])
    assert metrics.top_confusions(matrix, 2) == [(1, 0, 5), (0, 1, 2)]
    assert len(metrics.top_confusions(matrix, 9)) == 3
