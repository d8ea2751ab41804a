"""Models of methods that have been made."""

import numpy as np

from strata.image_io import read_image
from strata.pipeline.execution.plan import Plan
from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.graph.stage import Node
from strata.pipeline.prediction.artifacts import StoreArtifacts
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.steps import PredictionSteps
from strata.pipeline.store.store import Store

#: Images of the data set that an ONNX file is checked on.
CHECKED_IMAGES = 50


def trained_model(target: Target, dataset: Dataset, store: Store) -> tuple[Model, Plan]:
    """Model of a method, and the plan of the fitted artifacts that are no longer in the store.

    The model is that of the final fold, learned from all training images; an experiment without
    test images has none, and its last fold's stands in.
    """
    return fold_model(target, target.folds[-1][1], dataset, store)


def fold_model(target: Target, scores: Node, dataset: Dataset, store: Store) -> tuple[Model, Plan]:
    """Model of a method in one fold, with a plan as of `trained_model`.

    Args:
        scores: node of the fold's scores.
    """
    found = PredictionSteps.of(scores)
    keys = {name: node.key for name, node in found.artifacts.items()}
    model = Model(
        target.name,
        dataset.classes,
        tuple(found.steps),
        StoreArtifacts(store.root, keys),
        dataset.manifest.value_ranges,
        tuple(found.modules),
    )
    return model, Plan.of(list(found.artifacts.values()), store)


def held_out_images(target: Target, dataset: Dataset, most: int) -> list[np.ndarray]:
    """Images (H, W, 3) uint8 that the model was not trained on, evenly drawn from all classes."""
    ids = target.folds[-1][0].test.ids
    chosen = {ids[i] for i in np.linspace(0, len(ids) - 1, min(most, len(ids))).astype(int)}
    return [
        read_image(record.path, digest=record.digest, value_range=record.value_range)
        for record in dataset.manifest.records
        if record.id in chosen
    ]
