"""Every classifier gives scores and probabilities in the columns of all classes."""

import dataclasses

import numpy as np
import pytest

from strata.errors import InputError
from strata.pipeline.stages.classifiers import class_scores, knn, logistic, mlp, svm
from tests.pipeline.stages.vectors import clouds, in_shards, subset

KERNELS = ["linear", "polynomial", "rbf", "sigmoid", "generalized_intersection"]
WAYS = [
    *((svm, {"kernel": kernel}) for kernel in KERNELS),
    (svm, {"kernel": "rbf", "gamma": "cv", "C": "cv"}),
    (logistic, {}),
    (mlp, {"hidden_layer_sizes": (8,), "inner_folds": 2}),
    (knn, {}),
]


def scored(stage, parameters, vectors, labels, classes):
    shards, half = in_shards(vectors), 2 * len(vectors) // 3
    fitted = stage.run(shards, subset(range(half), labels[:half], classes), **parameters)
    test = subset(range(half, len(vectors)), classes=classes)
    return fitted, class_scores.function(shards, fitted, test)


@pytest.mark.parametrize(("stage", "parameters"), WAYS)
@pytest.mark.parametrize("classes", [2, 3])
def test_classes_far_apart_are_told_apart(stage, parameters, classes):
    vectors, labels = clouds(classes)
    fitted, found = scored(stage, parameters, vectors, labels, classes)
    truth = labels[2 * len(vectors) // 3 :]
    assert found["scores"].shape == found["probabilities"].shape == (len(truth), classes)
    assert (found["scores"].argmax(axis=1) == truth).mean() > 0.7
    assert np.allclose(found["probabilities"].sum(axis=1), 1)
    assert fitted["parameters"] > 0


@pytest.mark.parametrize("kernel", ["intersection", "chi2", "hellinger"])
def test_kernels_of_histograms(kernel):
    vectors, labels = clouds()
    _, found = scored(svm, {"kernel": kernel}, np.abs(vectors), labels, 3)
    assert found["scores"].shape == (12, 3)


def test_a_class_without_training_images_scores_lowest():
    vectors, labels = clouds(2)
    _, found = scored(svm, {}, vectors, 2 * labels, 3)
    assert (found["scores"][:, 1] < found["scores"][:, [0, 2]].min(axis=1)).all()
    assert (found["probabilities"][:, 1] == 0).all()


def test_a_class_with_a_single_training_image_leaves_probabilities_out():
    vectors, labels = clouds(2)
    train = [0, *np.flatnonzero(labels == 1)[:8]]
    shards = in_shards(vectors)
    fitted = svm.run(shards, subset(train, labels[train], 2))
    assert set(class_scores.function(shards, fitted, subset([20, 21], classes=2))) == {"scores"}


def test_polynomial_is_what_the_library_means_by_it():
    from sklearn.svm import SVC

    vectors, labels = clouds()
    fitted, found = scored(svm, {"kernel": "polynomial", "C": 1.0}, vectors, labels, 3)
    reference = SVC(kernel="poly", C=1.0).fit(vectors[:24], labels[:24] == 0)
    scores = reference.decision_function(vectors[24:])
    assert np.allclose(found["scores"][:, 0], scores, atol=1e-2)
    assert fitted["classes"] == [0, 1, 2]


def test_logistic_regression_reads_shard_by_shard_to_the_same_end(monkeypatch):
    vectors, labels = clouds(each=40)
    fitted, held = scored(logistic, {}, vectors, labels, 3)
    monkeypatch.setattr("strata.pipeline.stages.classifiers.IN_MEMORY", 100)
    again, read = scored(logistic, {}, vectors, labels, 3)
    assert np.allclose(held["probabilities"], read["probabilities"], atol=1e-2)
    assert fitted["training_accuracy"] == again["training_accuracy"]


def test_vectors_that_do_not_fit_in_memory_are_read_shard_by_shard(monkeypatch):
    vectors, labels = clouds(each=40)
    _, held = scored(svm, {}, vectors, labels, 3)
    monkeypatch.setattr("strata.pipeline.stages.classifiers.IN_MEMORY", 100)
    fitted, read = scored(svm, {}, vectors, labels, 3)
    assert type(fitted["classifier"]).__name__ == "LinearSVM"
    assert (held["scores"].argmax(axis=1) == read["scores"].argmax(axis=1)).mean() > 0.9
    assert np.allclose(read["probabilities"].sum(axis=1), 1)


def test_an_mlp_refuses_vectors_that_do_not_fit_in_memory(monkeypatch):
    vectors, labels = clouds()
    monkeypatch.setattr("strata.pipeline.stages.classifiers.IN_MEMORY", 100)
    with pytest.raises(InputError, match="24 vectors of 5 numbers are too many") as refused:
        scored(mlp, {}, vectors, labels, 3)
    assert 'reduction.use = "pca"' in refused.value.hint


def test_scores_stand_in_the_order_asked_for():
    vectors, labels = clouds()
    shards = in_shards(vectors)
    fitted = svm.run(shards, subset(range(24), labels[:24]))
    numbers = [30, 2, 17, 35, 1]
    found = class_scores.function(shards, fitted, subset(numbers))["scores"]
    one = [class_scores.function(shards, fitted, subset([i]))["scores"][0] for i in numbers]
    assert np.allclose(found, one, atol=1e-5)
    assert class_scores.function(shards, fitted, subset([]))["scores"].shape == (0, 3)


@pytest.mark.parametrize("in_memory", [True, False])
def test_what_is_learned_of_copies_says_nothing_of_other_pictures(monkeypatch, in_memory):
    if not in_memory:
        monkeypatch.setattr("strata.pipeline.stages.classifiers.IN_MEMORY", 0)
    noise = np.repeat(np.random.default_rng(0).normal(size=(60, 80)), 3, axis=0)
    labels, groups = np.repeat(np.arange(60) % 3, 3), tuple(np.repeat(np.arange(60), 3).tolist())
    train = subset(range(180), labels)
    told = dataclasses.replace(train, groups=groups)
    accuracies = [
        svm.run(in_shards(noise), part)["classifier"].inner_accuracy_ for part in (train, told)
    ]
    assert accuracies[0] > 0.8 > 0.6 > accuracies[1]


@pytest.mark.parametrize("stage", [svm, knn])
def test_classifiers_that_keep_vectors_keep_the_names_of_their_images(stage):
    vectors, labels = clouds()
    fitted, _ = scored(stage, {"kernel": "rbf"} if stage is svm else {}, vectors, labels, 3)
    kept = (
        fitted["classifier"].support_vectors_
        if stage is svm
        else fitted["classifier"].neighbors_._fit_X
    )
    assert fitted["ids"] == fitted["digests"]
    np.testing.assert_array_equal(kept, vectors[[int(name) for name in fitted["ids"]]].astype("f4"))


def test_a_linear_svm_keeps_no_images():
    vectors, labels = clouds()
    assert "ids" not in scored(svm, {}, vectors, labels, 3)[0]
