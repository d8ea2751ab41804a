"""Models of methods that have been made."""

from strata.pipeline.execution.plan import Plan
from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.prediction.artifacts import StoreArtifacts
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.steps import PredictionSteps
from strata.pipeline.store.store import Store


def trained_model(target: Target, dataset: Dataset, store: Store) -> tuple[Model, Plan]:
    """Model of a method, and the plan of the fitted artifacts that are no longer in the store.

    The model is that of the final fold, learned from all training images; an experiment without
    test images has none, and its last fold's stands in.
    """
    _, scores = target.folds[-1]
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
