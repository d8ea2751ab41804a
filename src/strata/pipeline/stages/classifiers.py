"""Vectors to class scores."""

from collections.abc import Mapping
from typing import Any, Literal

from strata.pipeline.inputs import Subset
from strata.pipeline.shards import Shards
from strata.pipeline.stage import stage


@stage
def svm(
    vectors: Shards,
    train: Subset,
    *,
    kernel: Literal["linear", "rbf", "intersection", "chi_square", "hellinger"] = "linear",
    C: float | Literal["cv"] = 10.0,
    gamma: float | Literal["scale"] = "scale",
    class_weight: Literal["balanced"] | None = None,
    inner_folds: int = 5,
) -> dict[str, Any]:
    """Fit a support vector machine, one class against the rest.

    Parameters as of `strata.models.svm.SVM`.
    """
    from strata.models.svm import SVM

    classifier = SVM(
        kernel=_kernel(kernel),
        C=C,
        gamma=gamma,
        class_weight=class_weight,
        inner_folds=inner_folds,
        seed=train.seed_for("svm"),
    )
    classifier.fit(vectors.rows("vectors", train), train.y)
    learned = classifier.coef_ if hasattr(classifier, "coef_") else classifier.dual_coef_
    return {
        "classifier": classifier,
        "classes": [int(c) for c in classifier.classes_],
        "parameters": int(learned.size + classifier.intercept_.size),
        "training_accuracy": float(classifier.training_accuracy_),
    }


def _kernel(name: str) -> Any:
    """The SVM's own kernels by name, ours as functions."""
    from strata.features.kernels import chi_square, hellinger, intersection

    ours = {"intersection": intersection, "chi_square": chi_square, "hellinger": hellinger}
    return ours.get(name, name)


@stage
def svm_scores(vectors: Shards, fitted: Mapping[str, Any], test: Subset) -> dict[str, Any]:
    """Decision values and probabilities of images, in the columns of all classes."""
    classifier = fitted["classifier"]
    rows = vectors.rows("vectors", test)
    return in_all_classes(
        fitted["classes"],
        len(test.classes),
        classifier.decision_function(rows),
        classifier.predict_proba(rows) if classifier.inner_folds else None,
    )


def in_all_classes(
    known: list[int], classes: int, scores: Any, probabilities: Any
) -> dict[str, Any]:
    """Columns by class number; a class that was not among the training images scores lowest."""
    import numpy as np

    n = len(scores)
    all_scores = np.full((n, classes), scores.min() - 1.0 if scores.size else 0.0)
    all_scores[:, known] = scores
    if probabilities is None:
        return {"scores": all_scores}
    all_probabilities = np.zeros((n, classes))
    all_probabilities[:, known] = probabilities
    return {"scores": all_scores, "probabilities": all_probabilities}
