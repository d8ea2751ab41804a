"""Facts that a model tells: method, parameters, data, accuracy, date, origin of its weights."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.experiment.file import Experiment
from strata.pipeline.graph.provenance import versions
from strata.pipeline.graph.stage import Node
from strata.pipeline.reporting.comparison import split_scores
from strata.pipeline.reporting.pretrained_networks import pretrained_networks
from strata.pipeline.store.store import Store
from strata.reports.exports.pretrained_text import trained_on
from strata.text import utf8

if TYPE_CHECKING:
    from strata.reports.model.pretrained import PretrainedNetwork

#: Parameters that name files or folders, of which only the last part is told.
_PATHS = ("weights", "source", "unlabeled")


def model_facts(
    target: Target, experiment: Experiment, dataset: Dataset, store: Store
) -> dict[str, Any]:
    """Facts of the model that a method predicts with, as JSON values.

    Returns:
        `recipe`, `summary` and `parameters` of the method; `experiment`, its name; `data`: name,
        digest and counts by class; `trained_on`: number of images, the fold, and counts by class;
        `cv` and `test`: accuracy, its 95 % interval and number of images, None where there is none;
        `made`, time of the predictions; `versions` of packages; `weights`: of pretrained
        networks, with `trained_on`, their training data, and the `image_size` that they are given.
    """
    from strata import __version__
    from strata.reports.comparison.evaluation import evaluate

    fold, scores = target.folds[-1]
    predictions = store.read(target.node.key)
    found: dict[str, Any] = {
        "recipe": target.recipe.name,
        "summary": target.recipe.summary,
        "parameters": _without_folders(target.parameters),
        "experiment": utf8(experiment.name),
        "data": {
            "name": utf8(Path(str(experiment.data["source"]).rstrip("/")).name),
            "digest": dataset.manifest.digest,
            "images": dict(sorted(Counter(r.label for r in dataset.manifest.records).items())),
        },
        "trained_on": {
            "images": len(fold.train),
            "fold": fold.name,
            "by_class": dict(sorted(Counter(dataset.classes[k] for k in fold.train.y).items())),
        },
        "cv": None,
        "test": None,
        "made": (store.manifest(target.node.key) or {}).get("made", ""),
        "versions": {"strata": __version__, **versions()},
        "weights": _weights(scores, dataset.classes),
    }
    for split, of in (("cv", lambda f: f >= 0), ("test", lambda f: f < 0)):
        scored = split_scores(predictions, of)
        if scored is not None:
            result = evaluate(
                scored,
                split,  # type: ignore[arg-type]
                len(dataset.classes),
                experiment.report["intervals"],
            )
            found[split] = {
                "accuracy": result.accuracy,
                "low": result.some_interval.low,
                "high": result.some_interval.high,
                "images": result.images,
            }
    return found


def _without_folders(parameters: Any, name: str = "") -> Any:
    """Parameters without the folders of this machine."""
    if isinstance(parameters, dict):
        return {key: _without_folders(value, key) for key, value in parameters.items()}
    if isinstance(parameters, list | tuple):
        return [_without_folders(value, name) for value in parameters]
    if name in _PATHS and isinstance(parameters, str):
        return utf8(Path(parameters).name)
    return parameters


def _weights(scores: Node, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Origin, terms, training data and image size of pretrained weights behind scores."""
    return [_origin(network) for network in pretrained_networks(scores, classes) if network.license]


def _origin(network: "PretrainedNetwork") -> dict[str, Any]:
    found = {
        "backbone": network.backbone,
        "source": network.address,
        "terms": network.license,
        "weights": network.weights,
        "trained_on": trained_on(network),
        "image_size": network.image_size,
    }
    return {**found, "sha256": network.sha256} if network.sha256 else found
