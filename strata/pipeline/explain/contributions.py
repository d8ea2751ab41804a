"""Contributions of local descriptors to the score of a class, as a map over the image."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator

from strata.features.descriptors.contribution_map import contribution_map
from strata.features.descriptors.sampling_grid import SIDE
from strata.features.encodings.bag_of_words import BagOfWords
from strata.features.encodings.base import BaseEncoder
from strata.features.encodings.contributions import descriptor_contributions
from strata.features.transforms.linear_score import LinearScore
from strata.pipeline.explain.explanation import Explanation
from strata.pipeline.explain.prediction_run import PredictionRun, source
from strata.pipeline.stages.encodings import bag_of_words
from strata.pipeline.stages.serialize import unpacked

#: Longest side of a map, in pixels; descriptors are taken from images of hardly more.
LONGEST = 512


def contributions(run: PredictionRun, step: int, image: int, score: LinearScore) -> Explanation:
    """Contributions of one image's local descriptors to a score of their encoding.

    Each is spread over the descriptor's support. Those of the mirrored image lie where they were
    taken from. The part of the score that no descriptor has is the offset.

    Args:
        run: the method on a batch of images.
        step: that encodes local descriptors: `encode` or `bag_of_words`.
        image: row of the image in the batch.
        score: of the encoded vector.
    """
    local = source(run.inputs(step)[0])
    assert local is not None
    vector = np.asarray(run.values[step]["vectors"][image], np.float64)
    described = unpacked(run.values[local], image)
    found = descriptor_contributions(_encoder(run, step), described, score.weights * vector)
    stage, shape = run.stages[local], run.batch.images[image].shape[:2]
    positions, sizes = _supports(run.values[local], image, shape, stage.features == "learned")
    return Explanation(
        "contributions",
        f"{stage.name}: contributions of local descriptors",
        map=contribution_map(found, positions, sizes, map_shape(shape)),
        total=score(vector),
        offset=score.constant,
        note=f"{len(found)} local descriptors, {int((found > 0).sum())} of them for the class.",
    )


def map_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of the map of an image, at most `LONGEST`."""
    height, width = shape[:2]
    ratio = min(1.0, LONGEST / max(height, width))
    return max(1, round(height * ratio)), max(1, round(width * ratio))


def _encoder(run: PredictionRun, step: int) -> BaseEncoder:
    """Fitted encoder of a step `encode` or `bag_of_words`."""
    fitted = run.artifact(step)
    if run.stages[step] is bag_of_words:
        codebook = FrozenEstimator(fitted["codebook"])
        return BagOfWords(codebook, **run.parameters(step)).fit([])
    encoder: BaseEncoder = fitted["encoder"]
    return encoder


def _supports(
    local: Mapping[str, Any], row: int, shape: tuple[int, ...], is_map: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Centers and sizes (n, 2) of the supports in the image, in units of its sides.

    Args:
        local: descriptors of a shard of images.
        row: of the image.
        shape: of the image, (height, width).
        is_map: whether they are the places of a network's feature map: their supports are its
            cells, though each of them sees more of the image.
    """
    begin, end = local["offsets"][row : row + 2]
    positions, scales = local["positions"][begin:end], local["scales"][begin:end]
    if is_map:
        places = [1 / max(1, len(np.unique(axis))) for axis in np.asarray(positions).T]
        sizes = np.broadcast_to(places, positions.shape)
    else:
        sizes = SIDE * scales[:, None] / np.array([shape[1], shape[0]])
    if "mirror" in local:  # the same places once more
        return np.concatenate([positions, positions]), np.concatenate([sizes, sizes])
    return positions, sizes
