"""Kind of a method by the origin of its features: classical, deep or fused."""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from strata.pipeline.experiment.compose import Target
from strata.pipeline.graph.inputs import ImageShard
from strata.pipeline.graph.prediction_path import prediction_path
from strata.pipeline.graph.stage import Node, Stage

if TYPE_CHECKING:
    from strata.reports.model.results import MethodKind

_IMPORTS_TORCH = re.compile(r"^\s*(?:import|from) torch\b", re.MULTILINE)


def method_kind(target: Target) -> "MethodKind":
    """ "deep" if all features are learned by networks, "classical" if none are, else "fused".

    A stage belongs to a network if it reaches code that imports torch. Features are hand-crafted
    where another stage computes them from images (with torch as an array engine perhaps:
    `strata.features`); so a network on top of hand-crafted features is "fused".
    """
    path, models = prediction_path(target.folds[-1][1])
    networks = any(_is_network(node.stage) for node in [*path, *models])
    hand_crafted = any(_describes_images(node) for node in path)
    if networks and hand_crafted:
        return "fused"
    return "deep" if networks else "classical"


def _describes_images(node: Node) -> bool:
    """True if the node computes hand-crafted features, not just other images, from images."""
    return (
        any(isinstance(given, ImageShard) for given in node.inputs)
        and not _is_network(node.stage)
        and any(symbol.startswith("strata.features.") for symbol in node.stage.reference.code())
    )


@cache
def _is_network(stage: Stage) -> bool:
    """True if the stage reaches code outside `strata.features` that imports torch."""
    features = f"{Path('strata', 'features')}"
    return any(
        _IMPORTS_TORCH.search(Path(file).read_text(encoding="utf-8"))
        for file in stage.files
        if features not in file
    )
