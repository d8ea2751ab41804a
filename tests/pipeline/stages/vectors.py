"""Vectors of images in shards, as a stage is given them."""

import numpy as np

from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.sharded_arrays import Shards


def in_shards(vectors, size=4):
    """Vectors (n, d) as shards of so many images; image i has the digest str(i)."""
    parts = [
        range(start, min(start + size, len(vectors))) for start in range(0, len(vectors), size)
    ]
    return Shards(
        [[str(i) for i in part] for part in parts],
        lambda number: {"vectors": np.asarray(vectors[list(parts[number])], np.float32)},
    )


def subset(numbers, labels=None, classes=3):
    names = tuple(map(str, numbers))
    found = None if labels is None else tuple(int(label) for label in labels)
    return Subset(names, names, found, tuple("abcdef"[:classes]), 0)


def clouds(classes=3, each=12, d=5, seed=0):
    """Vectors around one center a class, and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.arange(classes), each)
    centers = 3 * rng.normal(size=(classes, d))
    return centers[labels] + rng.normal(size=(len(labels), d)), labels
