"""Where a method's features come from: designed by people, learned by a network, or both."""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from strata.pipeline.compose import Target
from strata.pipeline.costs import prediction_path
from strata.pipeline.stage import Stage

if TYPE_CHECKING:
    from strata.reports.results import Family

_IMPORTS_TORCH = re.compile(r"^\s*(?:import|from) torch\b", re.MULTILINE)


def family(target: Target) -> "Family":
    """ "deep" if images enter networks only, "classical" if none, "fused" if both ways are taken.

    A stage is a network's if it reaches code that imports torch; the descriptors that torch may
    compute (`strata.features`) are none. Told by the stages that images pass through on their
    way to scores, so a network on top of designed features counts as fused.
    """
    path, fitted = prediction_path(target.folds[-1][1])
    stages = {node.stage for node in [*path, *fitted]}
    networks = any(_is_network(stage) for stage in stages)
    designed = any(_reaches(stage, "strata.features.") for stage in stages)
    if networks and designed:
        return "fused"
    return "deep" if networks else "classical"


def _reaches(stage: Stage, start: str) -> bool:
    return any(symbol.startswith(start) for symbol in stage.reference.code())


@cache
def _is_network(stage: Stage) -> bool:
    features = f"{Path('strata', 'features')}"
    return any(
        _IMPORTS_TORCH.search(Path(file).read_text(encoding="utf-8"))
        for file in stage.files
        if features not in file
    )
