"""Where a method's features come from: designed by people, learned by a network, or both."""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from strata.pipeline.experiment.compose import Target
from strata.pipeline.graph.inputs import ImageShard
from strata.pipeline.graph.stage import Node, Stage
from strata.pipeline.reporting.costs import prediction_path

if TYPE_CHECKING:
    from strata.reports.model.results import Family

_IMPORTS_TORCH = re.compile(r"^\s*(?:import|from) torch\b", re.MULTILINE)


def family(target: Target) -> "Family":
    """ "deep" if all features are learned by networks, "classical" if none, else "fused".

    A stage is a network's if it reaches code that imports torch. Features are designed where
    another stage makes them from images themselves (torch may help there: `strata.features`); so
    a network on top of designed features is "fused".
    """
    path, models = prediction_path(target.folds[-1][1])
    networks = any(_is_network(node.stage) for node in [*path, *models])
    designed = any(_describes_images(node) for node in path)
    if networks and designed:
        return "fused"
    return "deep" if networks else "classical"


def _describes_images(node: Node) -> bool:
    """Whether it makes features, not just other images, from images."""
    return (
        any(isinstance(given, ImageShard) for given in node.inputs)
        and not _is_network(node.stage)
        and any(symbol.startswith("strata.features.") for symbol in node.stage.reference.code())
    )


@cache
def _is_network(stage: Stage) -> bool:
    features = f"{Path('strata', 'features')}"
    return any(
        _IMPORTS_TORCH.search(Path(file).read_text(encoding="utf-8"))
        for file in stage.files
        if features not in file
    )
