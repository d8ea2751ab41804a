"""Trained methods of a workspace."""

import dataclasses

from strata.pipeline.execution.executor import Run
from strata.pipeline.execution.progress_bar import ProgressBar
from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.trained import trained_model
from strata.pipeline.prediction.model import Model
from strata.pipeline.reporting.model_facts import model_facts
from strata.pipeline.store.errors import DamagedError
from strata.pipeline.workspace.workspace import Workspace


def trained(workspace: Workspace, target: Target) -> Model:
    """Model of a method that has results, with its facts.

    Fitted artifacts that are damaged, or no longer in the store, are made again.

    Raises:
        StrataError: one of them could not be made.
    """
    store, jobs = workspace.store, workspace.jobs
    model, plan = trained_model(target, workspace.dataset, store)
    for key in _damaged(model):
        store.discard(key)
        model, plan = trained_model(target, workspace.dataset, store)
    if plan.needed:
        with store.in_use(), ProgressBar(workspace.progress_console, plan, store, jobs) as progress:
            outcome = Run(plan, store, progress, jobs=jobs).execute(keep_going=False)
        for error in outcome.errors.values():
            raise error
    facts = model_facts(target, workspace.experiment, workspace.dataset, store)
    return dataclasses.replace(model, facts=facts)


def _damaged(model: Model) -> list[str]:
    """Keys of the fitted artifacts that are not what was written: a plan sees sizes and times."""
    found = []
    for name in model.artifacts:
        try:
            _ = model.artifacts[name]
        except DamagedError as error:  # or one that is absent
            found.append(error.key)
    return found
