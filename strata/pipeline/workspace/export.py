"""Model files of a workspace's methods."""

from pathlib import Path

from strata.pipeline.experiment.compose import Target
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.model_file import load_model, save_model
from strata.pipeline.workspace.trained import trained
from strata.pipeline.workspace.workspace import Workspace


def export_model(workspace: Workspace, target: Target, path: Path) -> Model:
    """Write the model of a method that has results to a file.

    Raises:
        StrataError: a fitted part could not be made, or the file not be written.
    """
    model = trained(workspace, target)
    save_model(model, path)
    load_model(path, model.modules)  # whatever cannot be read again should be known here
    return model
