"""Explanations of a method's scores, branch by branch."""

from collections.abc import Callable, Sequence

import numpy as np

from strata.errors import InputError
from strata.features.transforms.linear_score import LinearScore
from strata.pipeline.explain.cells import cells
from strata.pipeline.explain.contributions import contributions
from strata.pipeline.explain.explanation import Explanation
from strata.pipeline.explain.neighbors import neighbors
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
from strata.pipeline.stages.encodings import bag_of_words, encode
from strata.pipeline.stages.fine_tuning import fine_tuned_scores
from strata.pipeline.stages.global_descriptors import gist_descriptor
from strata.pipeline.stages.networks import hidden_features, network_scores
from strata.pipeline.stages.pretrained import backbone_features

#: Explanations of each image of a batch.
OfImages = list[list[Explanation]]

#: By the stage that scores images: given the run, the step, and the number of a class per image.
NETWORKS: dict[Stage, Callable[[PredictionRun, int, Sequence[int]], OfImages]] = {
    network_scores: network_explanations,
    fine_tuned_scores: fine_tuned_explanations,
}
#: By the stage that makes vectors with a network: given the run, the step, and the slopes (n, d) of
#: the images' scores.
FEATURES: dict[Stage, Callable[[PredictionRun, int, np.ndarray], OfImages]] = {
    backbone_features: backbone_explanations,
    hidden_features: hidden_explanations,
}
#: By the stage that makes vectors of descriptors: given the run, the step, the row of one image,
#: and the score of its vector.
DESCRIPTORS: dict[Stage, Callable[[PredictionRun, int, int, LinearScore], Explanation]] = {
    bag_of_words: contributions,
    encode: contributions,
    gist_descriptor: cells,
}

NOTHING = "This classifier's scores are told neither by places nor by training images."


def explain(model: Model, batch: ImageBatch, classes: Sequence[int]) -> OfImages:
    """Evidence for one class in each image, of each branch of a method.

    Args:
        model: the method.
        batch: n images.
        classes: number of a class in `model.classes`, for each image.

    Returns:
        n lists of explanations, one at least: where there is no evidence to show, its note says
        why. Branches come in the method's order, training images last.
    """
    return explain_run(PredictionRun(model, batch), classes)


def explain_run(run: PredictionRun, classes: Sequence[int]) -> OfImages:
    """As `explain`, of a prediction whose values are kept."""
    return _of_step(run, len(run.model.steps) - 1, classes)


def _of_step(run: PredictionRun, step: int, classes: Sequence[int]) -> OfImages:
    """Explanations of a step's scores; of combined scores, those of each of them."""
    stage = run.stages[step]
    try:
        if stage in NETWORKS:
            return NETWORKS[stage](run, step, classes)
        if stage.role == "vector scores":
            return _of_vectors(run, step, classes)
    except InputError as error:
        return _without(run, error.what)
    scored = [number for number in _sources(run.inputs(step)) if "scores" in run.values[number]]
    if not scored:
        return _without(run, f"There is no explanation of scores by the stage {stage.name}.")
    return _side_by_side([_of_step(run, number, classes) for number in scored])


def _of_vectors(run: PredictionRun, step: int, classes: Sequence[int]) -> OfImages:
    """Explanations of a classifier's scores: by places, by networks' maps, by training images."""
    try:
        scores = [vector_scores(run, step, row, number) for row, number in enumerate(classes)]
        behind, reason = list(scores[0]) if scores else [], NOTHING
    except InputError as error:
        behind, reason = [], error.what
    found: list[OfImages] = []
    for branch in behind:
        stage = run.stages[branch]
        if stage in FEATURES:
            slopes = np.stack([score[branch].weights for score in scores])
            found.append(FEATURES[stage](run, branch, slopes))
        elif stage in DESCRIPTORS:
            told = DESCRIPTORS[stage]
            found.append([[told(run, branch, row, s[branch])] for row, s in enumerate(scores)])
    known = run.artifact(step)["classes"]
    voters = [
        neighbors(run, step, row, number) if number in known else None
        for row, number in enumerate(classes)
    ]
    found.append([[one] if one else [] for one in voters])
    return [image or [_note(reason)] for image in _side_by_side(found)]


def _sources(given: object) -> list[int]:
    """Numbers of the steps that an input, or the parts of one, are values of."""
    if isinstance(given, list):
        return [number for part in given for number in _sources(part)]
    number = source(given)
    return [] if number is None else [number]


def _without(run: PredictionRun, reason: str) -> OfImages:
    return [[_note(reason)] for _ in range(len(run.batch))]


def _note(reason: str) -> Explanation:
    return Explanation("contributions", "No explanation", note=reason)


def _side_by_side(parts: Sequence[OfImages]) -> OfImages:
    """Explanations of each image by all branches."""
    return [[one for part in image for one in part] for image in zip(*parts, strict=True)]
