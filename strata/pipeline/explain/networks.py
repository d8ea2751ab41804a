"""Grad-CAM of networks that classify images, or that make the features of other classifiers."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from strata.errors import InputError
from strata.pipeline.explain.explanation import Explanation, Kind
from strata.pipeline.explain.placement import on_whole_image
from strata.pipeline.explain.prediction_run import PredictionRun, source

if TYPE_CHECKING:
    from torch import Tensor

    from strata.models.estimators.network_evidence import EvidenceMaps
    from strata.models.transfer.backbone_features import BackboneFeatures

#: Images whose gradients are computed at a time.
BATCH = 8

GRAD_CAM = (
    "Grad-CAM (Selvaraju et al. 2017) at the last feature map: where raising the activations "
    "raises the score. Coarse, not negative, on no scale."
)
GRADIENT = (
    "Gradient times input: first-order evidence of each pixel. This network has no feature maps."
)
NO_SUPPORT = "Grad-CAM: no region supports this class, so the map is empty."
NO_MAPS = "The score depends on no feature map, so there is nothing to look at."


def network_explanations(
    run: PredictionRun, step: int, classes: Sequence[int]
) -> list[list[Explanation]]:
    """Evidence of a network trained from scratch, one explanation per image.

    Args:
        step: that scores images.
        classes: number of the class to explain, for each image.
    """
    from strata.models.estimators.network_evidence import network_evidence

    fitted, images = run.artifact(step), source(run.inputs(step)[0])
    assert images is not None
    pixels = np.asarray(run.values[images]["pixels"])
    columns = known_columns(run, fitted, classes)

    def evidence(rows: slice) -> "EvidenceMaps":
        return network_evidence(fitted["classifier"], pixels[rows], columns[rows])

    return explanations(run, evidence, "network")


def fine_tuned_explanations(
    run: PredictionRun, step: int, classes: Sequence[int]
) -> list[list[Explanation]]:
    """Grad-CAM of a fine-tuned network, one explanation per image."""
    from strata.models.estimators.backbone_evidence import fine_tuned_evidence
    from strata.models.training.resize import resize_images
    from strata.pipeline.stages.pretrained import state_of

    fitted, boundary = run.artifact(step), source(run.inputs(step)[0])
    assert boundary is not None
    value, classifier = run.values[boundary], fitted["classifier"]
    columns = known_columns(run, fitted, classes)
    weights, parts = run.artifact(boundary, "content"), run.artifact(boundary, "image_size")

    def evidence(rows: slice) -> "EvidenceMaps":
        views = np.asarray(value["views"][rows, : value["unchanged"]])
        pixels = resize_images(run.batch.images[rows], parts["image_size"])
        return fine_tuned_evidence(
            classifier, views, columns[rows], pixels, lambda: state_of(weights)
        )

    return explanations(run, evidence, f"fine-tuned {classifier.backbone}")


def backbone_explanations(
    run: PredictionRun, step: int, weights: np.ndarray
) -> list[list[Explanation]]:
    """Grad-CAM of the score that a classifier gives a frozen network's features.

    Args:
        step: that makes the features.
        weights: (n, d), slope of the score along each of an image's features.
    """
    from strata.models.estimators.backbone_evidence import backbone_evidence
    from strata.models.training.resize import resize_images
    from strata.models.transfer import backbones

    network = run.artifact(step)
    features, state = _features(network, **run.parameters(step))
    size = features.image_size or backbones.preprocessing(features.backbone).image_size

    def evidence(rows: slice) -> "EvidenceMaps":
        pixels = resize_images(run.batch.images[rows], size)
        return backbone_evidence(features, state, pixels, weights[rows])

    return explanations(run, evidence, f"features of {network['backbone']}")


def _features(
    network: Mapping[str, Any], *, pyramid: Any, levels: int, **parameters: Any
) -> "tuple[BackboneFeatures, dict[str, Tensor]]":
    """Features as `stages.pretrained.backbone_features` reads them, and the network's weights."""
    from strata.features.encodings import spatial_pyramid
    from strata.models.transfer.backbone_features import BackboneFeatures
    from strata.pipeline.stages.pretrained import state_of

    state = state_of(network)
    grids = [(grid.rows, grid.columns) for grid in spatial_pyramid.pyramid(pyramid, levels)]
    features = BackboneFeatures(network["backbone"], weights=state, grids=grids, **parameters)
    return features.fit(), state


def hidden_explanations(
    run: PredictionRun, step: int, weights: np.ndarray
) -> list[list[Explanation]]:
    """Evidence of a network whose hidden layer another classifier sees; see above."""
    from strata.models.estimators.network_evidence import hidden_evidence

    images = source(run.inputs(step)[0])
    assert images is not None
    pixels = np.asarray(run.values[images]["pixels"])
    classifier, layer = run.artifact(step)["classifier"], run.parameters(step)["layer"]

    def evidence(rows: slice) -> "EvidenceMaps":
        return hidden_evidence(classifier, layer, pixels[rows], weights[rows])

    return explanations(run, evidence, f"layer {layer} of the network")


def known_columns(run: PredictionRun, fitted: Any, classes: Sequence[int]) -> np.ndarray:
    """Columns of classes among the scores of a fitted network.

    Raises:
        InputError: no training image was of the class.
    """
    known = list(fitted["classes"])
    for number in classes:
        if number not in known:
            raise InputError(f"No training image was of the class '{run.model.classes[number]}'.")
    return np.array([known.index(number) for number in classes], np.int64)


def explanations(
    run: PredictionRun, evidence: Callable[[slice], "EvidenceMaps"], title: str
) -> list[list[Explanation]]:
    """Evidence over central squares, computed some images at a time, placed on the images."""
    found = []
    for start in range(0, len(run.batch), BATCH):
        maps, signed = evidence(slice(start, start + BATCH))
        for square, image in zip(maps, run.batch.images[start : start + BATCH], strict=True):
            note = GRADIENT if signed else GRAD_CAM
            shown = "gradient times input" if signed else "Grad-CAM"
            placed = on_whole_image(square, *image.shape[:2]) if square.size else None
            kind: Kind = "gradient" if signed else "grad-cam"
            if not square.size:
                note = NO_MAPS
            elif not np.nan_to_num(square).any():
                note = NO_SUPPORT
            found.append([Explanation(kind, f"{title}: {shown}", placed, note=note)])
    return found
