"""Methods fitted once, in this process, and explanations of their scores."""

import numpy as np

from strata.models.classifiers.decision_scores import class_scores
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execution.worker import Task, run_task
from strata.pipeline.experiment.trained import trained_model
from strata.pipeline.explain.cells import cells
from strata.pipeline.explain.contributions import contributions
from strata.pipeline.explain.explanation import Explanation
from strata.pipeline.explain.prediction_run import PredictionRun, source
from strata.pipeline.explain.vector_scores import vector_scores
from strata.pipeline.prediction.batch import ImageBatch
from strata.pipeline.stages.global_descriptors import gist_descriptor
from tests.pipeline.project import Project


def fitted(project: Project) -> Workspace:
    """All methods of a project, fitted on its training images: a second for each, not three."""
    found = Workspace.at(project.file, [], None, None, 1, False)
    for target in found.chosen([]):
        _, plan = trained_model(target, found.dataset, found.store)
        for key in plan.needed:
            node, title = plan.nodes[key], plan.title(plan.nodes[key])
            run_task(Task.of(node, found.store, title=title, force=False, threads=1, dropped=set()))
    return found


def run_of(workspace: Workspace, name: str, images: list[np.ndarray]) -> PredictionRun:
    """A method's prediction of images."""
    target = workspace.chosen([name])[0]
    model, _ = trained_model(target, workspace.dataset, workspace.store)
    return PredictionRun(model, ImageBatch.of(images))


def explained(run: PredictionRun, image: int, number: int) -> list[Explanation]:
    """Explanation of each branch, by places."""
    scores = vector_scores(run, len(run.stages) - 1, image, number)
    return [
        (cells if run.stages[step] is gist_descriptor else contributions)(run, step, image, score)
        for step, score in scores.items()
    ]


def double_scores(run: PredictionRun) -> np.ndarray:
    """Scores (n, classes) by the classifier in float64.

    In the float32 of predictions, sums over support vectors are 1e-4 off.
    """
    last = len(run.stages) - 1
    vectors = np.asarray(run.values[source(run.inputs(last)[0])]["vectors"], np.float64)
    scores = class_scores(run.artifact(last)["classifier"], vectors)
    np.testing.assert_allclose(scores, run.values[last]["scores"], atol=2e-4)
    return scores
