"""Model files of a workspace's methods."""

import dataclasses
from pathlib import Path

from strata.pipeline.experiment.compose import Target
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.model_file import load_model, save_model
from strata.pipeline.reporting.model_facts import model_facts
from strata.pipeline.workspace.trained import trained
from strata.pipeline.workspace.workspace import Workspace


def export_model(workspace: Workspace, target: Target, path: Path) -> Model:
    """Write the model of a method that has results to a file.

    Raises:
        StrataError: a fitted part could not be made, or the file not be written.
    """
    model = model_with_facts(workspace, target)
    save_model(model, path)
    load_model(path, model.modules)  # whatever cannot be read again should be known here
    return model


def model_with_facts(workspace: Workspace, target: Target) -> Model:
    """Model of a method that has results, which tells of data and accuracy.

    Raises:
        StrataError: a fitted part could not be made.
    """
    facts = model_facts(target, workspace.experiment, workspace.dataset, workspace.store)
    return dataclasses.replace(trained(workspace, target), facts=facts)
