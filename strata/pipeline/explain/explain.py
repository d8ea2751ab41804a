"""Explanations of a method's scores, branch by branch."""

from collections.abc import Callable, Sequence

import numpy as np

from strata.errors import InputError
from strata.pipeline.explain.explanation import Explanation
from strata.pipeline.explain.networks import (
    backbone_explanations,
    fine_tuned_explanations,
    hidden_explanations,
    network_explanations,
)
from strata.pipeline.explain.prediction_run import PredictionRun, source
from strata.pipeline.explain.vector_scores import vector_scores
from strata.pipeline.graph.stage import Stage
from strata.pipeline.prediction.batch import ImageBatch
from strata.pipeline.prediction.model import Model
from strata.pipeline.stages.fine_tuning import fine_tuned_scores
from strata.pipeline.stages.networks import hidden_features, network_scores
from strata.pipeline.stages.pretrained import backbone_features

#: Explains the images' scores by a step.
OfScores = Callable[[PredictionRun, int, Sequence[int]], list[list[Explanation]]]
#: Explains a score of a step's vectors by the weight (n, d) of each component in it.
OfVectors = Callable[[PredictionRun, int, np.ndarray], list[list[Explanation]]]

OF_SCORES: dict[Stage, OfScores] = {
    network_scores: network_explanations,
    fine_tuned_scores: fine_tuned_explanations,
}
OF_VECTORS: dict[Stage, OfVectors] = {
    backbone_features: backbone_explanations,
    hidden_features: hidden_explanations,
}


def explain(model: Model, batch: ImageBatch, classes: Sequence[int]) -> list[list[Explanation]]:
    """Evidence for one class in each image, of each branch of a method.

    Args:
        model: the method.
        batch: n images.
        classes: number of a class in `model.classes`, for each image.

    Returns:
        n lists, each with the explanations of all branches in one order.
    """
    return explain_run(PredictionRun(model, batch), classes)


def explain_run(run: PredictionRun, classes: Sequence[int]) -> list[list[Explanation]]:
    """As `explain`, of a prediction whose values are kept."""
    return _of_step(run, len(run.model.steps) - 1, classes)


def _of_step(run: PredictionRun, step: int, classes: Sequence[int]) -> list[list[Explanation]]:
    stage = run.stages[step]
    if stage in OF_SCORES:
        return _told(run, lambda: OF_SCORES[stage](run, step, classes), stage.name)
    if stage.role == "vector scores":
        return _of_vectors(run, step, classes)
    before = [n for given in run.inputs(step) for n in _sources(given)]
    scored = [n for n in before if "scores" in run.values[n]]
    if not scored:
        return _not_known(run, f"Scores by the stage {stage.name} are not explained.", stage.name)
    return _side_by_side([_of_step(run, n, classes) for n in scored])


def _of_vectors(run: PredictionRun, step: int, classes: Sequence[int]) -> list[list[Explanation]]:
    try:
        scores = [vector_scores(run, step, i, number) for i, number in enumerate(classes)]
    except InputError as error:
        return _not_known(run, error.what, "Vectors")
    found = []
    for branch in scores[0] if scores else ():
        stage, weights = run.stages[branch], np.stack([s[branch].weights for s in scores])
        if stage in OF_VECTORS:
            found.append(
                _told(
                    run,
                    lambda b=branch, w=weights: OF_VECTORS[run.stages[b]](run, b, w),
                    stage.name,
                )
            )
        else:
            found.append(_not_known(run, f"Vectors of {stage.name} are not explained.", stage.name))
    return _side_by_side(found)


def _sources(given: object) -> list[int]:
    """Numbers of the steps that an input, or the parts of one, are values of."""
    if isinstance(given, list):
        return [number for part in given for number in _sources(part)]
    number = source(given)
    return [] if number is None else [number]


def _told(
    run: PredictionRun, made: Callable[[], list[list[Explanation]]], title: str
) -> list[list[Explanation]]:
    """What is made; a reason why there is none in its place."""
    try:
        return made()
    except InputError as error:
        return _not_known(run, error.what, title)


def _not_known(run: PredictionRun, reason: str, title: str) -> list[list[Explanation]]:
    return [[Explanation("contributions", title, note=reason)] for _ in range(len(run.batch))]


def _side_by_side(branches: list[list[list[Explanation]]]) -> list[list[Explanation]]:
    """Explanations of each image by all branches."""
    return [[one for branch in image for one in branch] for image in zip(*branches, strict=True)]
