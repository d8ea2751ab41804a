"""Steps of methods, taken from composed graphs of which nothing is made."""

import shutil
from pathlib import Path

import pytest

from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.prediction.steps import PredictionSteps, stage_at
from tests.pipeline.project import Project, write_images

TOY = Path(__file__).parents[1] / "toy_recipes.py"
FILE = """
recipes = "toy_recipes.py"
[data]
source = "images"
near_duplicates = false
[protocol]
folds = 2
test = 0.5
[methods.colors]
[methods.tuned]
recipe = "fine_tuned"
views.n_copies = 3
[methods.words]
recipe = "bovw"
codebook.n_words = 8
[methods.more_words]
recipe = "bovw"
codebook.n_words = 16
[methods.early]
recipe = "early_fusion"
of = ["words", "more_words"]
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Workspace:
    made = Project(tmp_path_factory.mktemp("steps"))
    write_images(made.root / "images")
    shutil.copy(TOY, made.root / "toy_recipes.py")
    made.file.write_text(FILE)
    return Workspace.at(made.file, [], None, None, 1, False)


def steps(workspace: Workspace, name: str) -> PredictionSteps:
    return PredictionSteps.of(workspace.chosen([name])[0].folds[-1][1])


def test_an_earlier_step_is_shared_and_artifacts_have_names_of_their_own(workspace):
    found = steps(workspace, "early")
    names = [step.stage.partition(":")[2] for step in found.steps]
    assert names.count("dense_sift") == 1  # both methods describe images alike
    assert names.count("bag_of_words") == 2
    assert {"visual_words", "svm"} <= found.artifacts.keys()
    assert len({node.key for node in found.artifacts.values()}) == len(found.artifacts) == 3
    read = [given for step in found.steps for given in step.inputs if "artifact" in given]
    assert {given["artifact"] for given in read} == found.artifacts.keys()


def test_steps_read_earlier_ones(workspace):
    for number, step in enumerate(steps(workspace, "early").steps):
        for given in step.inputs:
            assert given.get("step", given.get("shards", -1)) < number


def test_a_file_of_recipes_is_named_with_its_stages(workspace):
    found = steps(workspace, "colors")
    assert [path.name for path in found.modules] == ["toy_recipes.py"]
    stage = stage_at(found.steps[0].stage, found.modules)
    assert stage.name == "mean_color"


def test_what_is_made_for_trainings_alone_is_left_out(workspace):
    by_stage = {step.stage.partition(":")[2]: step for step in steps(workspace, "tuned").steps}
    assert by_stage["boundary_activations"].parameters["n_copies"] == 0
    assert by_stage["boundary_activations"].parameters["mirror"] is True
