"""What recipes of classical methods and of several methods refuse before anything is made."""

import pytest

from strata.errors import InputError
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.recipes.classical import classified, fisher_color
from strata.pipeline.recipes.fusion import early_fusion, fusion
from strata.pipeline.stages.classifiers import class_scores, knn, logistic, svm
from strata.pipeline.stages.fusion import average_scores, learned_weights, weighted_scores
from strata.pipeline.stages.joins import join
from strata.pipeline.stages.reductions import additive_kernel_map, pca
from tests.pipeline.stages.vectors import subset

TRAIN, TEST = subset(range(6), [0, 1, 2] * 2), subset(range(6, 9))
FOLD = Fold("fold 1", 0, 0, TRAIN, TEST)


def data(**machines):
    """Methods, each a machine on vectors that are there."""

    def method(name, fold):
        return class_scores(TRAIN, machines[name](TRAIN, fold.train), fold.test)

    return Data((), TRAIN.classes, method, lambda fold, count: [fold] * count)


@pytest.mark.parametrize(
    ("reduction", "classifier", "says"),
    [
        (None, {"C": "cv", "inner_folds": 1}, r"classifier\.C = \"cv\" needs"),
        (None, {"kernel": "rbf", "gamma": "cv", "inner_folds": 0}, r"classifier\.gamma = \"cv\""),
        (None, {"kernel": "sigmoid", "gamma": "cv"}, "for the kernel rbf, not sigmoid"),
        (pca.options(), {"kernel": "intersection"}, r"(?s)\"pca\".*negative numbers"),
        (
            (additive_kernel_map.options(), pca.options()),
            {"kernel": "chi2"},
            r"(?s)\"pca\".*negative numbers",
        ),
    ],
)
def test_what_a_machine_cannot_do_is_said(reduction, classifier, says):
    with pytest.raises(InputError, match=says):
        classified(TRAIN, FOLD, reduction, svm.options(**classifier))


@pytest.mark.parametrize(
    ("reduction", "classifier"),
    [
        (None, svm.options(kernel="intersection", C="cv")),
        (additive_kernel_map.options(), svm.options(kernel="chi2")),
        (None, logistic.options()),
    ],
)
def test_what_it_can_do_is_composed(reduction, classifier):
    if reduction is None:
        assert classified(TRAIN, FOLD, None, classifier).stage is class_scores
    else:
        with pytest.raises(TypeError, match="comes in shards"):  # so all was well till then
            classified(TRAIN, FOLD, reduction, classifier)


def test_weights_are_counted_before_anything_is_made():
    methods = data(a=knn, b=logistic)
    with pytest.raises(InputError, match="3 weights for 2 methods"):
        fusion.function(
            methods, FOLD, of=("a", "b"), combination=average_scores.options(weights=(1, 1, 1))
        )
    with pytest.raises(InputError, match="1 weights for 2 methods"):
        early_fusion.function(methods, FOLD, of=("a", "b"), join=join.options(weights=(1,)))
    with pytest.raises(InputError, match="zero"):
        fisher_color.function(methods, FOLD, weights=(0, 0))


def test_a_machine_without_probabilities_is_not_averaged_but_weighted():
    methods = data(a=knn, b=svm.options(inner_folds=0))
    with pytest.raises(InputError, match=r"(?s)'b' gives no probabilities.*learned_weights"):
        fusion.function(methods, FOLD, of=("a", "b"), combination=average_scores.options())
    weighted = fusion.function(
        methods, FOLD, of=("a", "b"), combination=learned_weights.options(inner_folds=2)
    )
    assert weighted.stage is weighted_scores
