"""A method of a few lines, for tests of the frame: nearest class mean of mean colors."""

import os
import time

from strata.errors import DivergedError
from strata.pipeline.graph.decorators import shard_stage, stage
from strata.pipeline.graph.inputs import Fold, Subset
from strata.pipeline.graph.recipe import recipe
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.stage import Node, Options

SCALE = 255.0


def scaled(values):
    return values / SCALE


@shard_stage
def mean_color(images, *, power: float = 1.0):
    """Mean color of each image."""
    import numpy as np

    # A comment that may be edited freely.
    return {"vectors": np.stack([scaled(i.mean(axis=(0, 1))) ** power for i in images])}


@stage
def class_means(
    vectors, train: Subset, *, shrink: float = 0.0, delay: float = 0.0, rate: float = 0.0
):
    """Mean vector of each class."""
    import numpy as np

    if rate > 1:
        raise DivergedError("Training diverged.")
    time.sleep(delay)
    x, y = vectors.rows("vectors", train), train.y
    noise = train.rng("jitter").normal(scale=1e-6, size=x.shape)
    means = np.stack([(x + noise)[y == c].mean(axis=0) for c in range(len(train.classes))])
    return {"means": means * (1 - shrink), "parameters": int(means.size)}


@stage
def distances(vectors, fitted, test: Subset, *, fail: bool = False, die: bool = False):
    """Negative distance to each class mean."""
    import numpy as np

    if fail:
        raise ValueError("asked to fail")
    if die:
        os._exit(9)
    x = vectors.rows("vectors", test)
    return {"scores": -np.linalg.norm(x[:, None] - fitted["means"][None], axis=2)}


@recipe
def colors(
    data: Data,
    fold: Fold,
    *,
    color: Options = mean_color.options(),
    means: Options = class_means.options(),
    scoring: Options = distances.options(),
) -> Node:
    """Nearest class mean of mean colors."""
    vectors = mean_color(data.images, **color)
    fitted = class_means(vectors, fold.train, **means)
    return distances(vectors, fitted, fold.test, **scoring)
