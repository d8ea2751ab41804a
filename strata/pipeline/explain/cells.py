"""Contributions of GIST's cells to the score of a class, as a map over the image."""

import numpy as np

from strata.features.descriptors.contribution_map import cell_map
from strata.features.transforms.linear_score import LinearScore
from strata.pipeline.explain.contributions import map_shape
from strata.pipeline.explain.explanation import Explanation
from strata.pipeline.explain.prediction_run import PredictionRun

OF_MEAN = (
    "Cells as in the mean of the training images contribute nothing; that mean's score is the part "
    "that no place has."
)


def cells(run: PredictionRun, step: int, image: int, score: LinearScore) -> Explanation:
    """Contributions of the cells to a score of one image's GIST, all filters together.

    Where a reduction subtracts the training images' mean, they are relative to it: cells as in the
    mean image contribute nothing, and the score of the mean is the offset.

    Args:
        run: the method on a batch of images.
        step: `gist_descriptor`.
        image: row of the image in the batch.
        score: of the vector.
    """
    parameters = run.parameters(step)
    side, shape = parameters["n_cells"], run.batch.images[image].shape
    vector = np.asarray(run.values[step]["vectors"][image], np.float64)
    parts = score.weights * (vector - score.reference)
    grid = parts.reshape(-1, side, side).sum(axis=0)
    size = height, width = map_shape(shape)
    if parameters["resize"] == "crop":
        square = min(size)
        top, left = (height - square) // 2, (width - square) // 2
        found = np.full(size, np.nan, np.float32)
        found[top : top + square, left : left + square] = cell_map(grid, (square, square))
    else:
        found = cell_map(grid, size)
    of_mean = score.reference.any()
    return Explanation(
        "cells",
        f"gist: contributions of {side} x {side} cells",
        map=found,
        total=score(vector),
        offset=score.offset,
        note=OF_MEAN if of_mean else "",
    )
