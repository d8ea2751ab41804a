"""Kind of a method by the origin of its features: classical, deep or fused."""

from typing import TYPE_CHECKING

from strata.pipeline.experiment.compose import Target
from strata.pipeline.graph.prediction_path import prediction_path

if TYPE_CHECKING:
    from strata.reports.model.results import MethodKind


def method_kind(target: Target) -> "MethodKind":
    """ "deep" if all features are learned by networks, "classical" if none are, else "fused".

    Stages say in their decorators whether their features are designed or learned; so a network on
    top of designed features is "fused".
    """
    path, models = prediction_path(target.folds[-1][1])
    learned = any(node.stage.features == "learned" for node in [*path, *models])
    designed = any(node.stage.features == "designed" for node in path)
    if learned and designed:
        return "fused"
    return "deep" if learned else "classical"
