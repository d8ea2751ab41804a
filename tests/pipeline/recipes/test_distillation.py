"""A network that learns from another method, and a rate that is searched for, from end to end."""

from pathlib import Path

import numpy as np
import pytest

from strata.errors import InputError
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.topological_order import topological_order
from tests.pipeline.project import Project, write_images

FILE = """\
[data]
source = "images"
near_duplicates = false

[protocol]
folds = 2
test = 0.25

[methods.teacher]
recipe = "mlp"
images.size = 8
network = { architecture = { name = "mlp", hidden = [8] }, epochs = 2, max_lr = "auto" }

[methods.student]
recipe = "distilled"
teacher = "teacher"
inner_folds = 2
images.size = 16
distillation = { weight = 0.7, temperature = 3 }
network = { architecture = { name = "tinynet", widths = [4] }, epochs = 2 }

[methods.echo]
recipe = "distilled"
teacher = "teacher"
inner_folds = 0
images.size = 16
network = { architecture = { name = "tinynet", widths = [4] }, epochs = 2 }
"""

#: Parameters of a training that watches what is held out, and learns nothing from it.
WATCHING = {"watch": "heldout"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distillation")
    write_images(folder / "images")
    (folder / "strata.toml").write_text(FILE)
    return folder


@pytest.fixture(scope="module")
def workspace(folder):
    return at(folder)


def at(folder: Path, *settings: str) -> Workspace:
    return Workspace.at(folder / "strata.toml", list(settings), None, None, 1, False)


def target(workspace, name):
    return next(t for t in workspace.targets if t.name == name)


def soft_labels_of(scores):
    return next(node for node in topological_order([scores]) if node.stage.name == "soft_labels")


@pytest.mark.parametrize("name", ["student", "echo"])
def test_no_image_to_be_scored_is_ever_learned_from(workspace, name):
    for fold, scores in target(workspace, name).folds:
        known = set(fold.test.digests)
        above = [node for node in topological_order([scores]) if node is not scores]
        learned = [i for node in above for i in node.inputs if i != fold.watched(WATCHING)]
        seen = [i for i in flat(learned) if isinstance(i, Subset)]
        assert seen
        assert not [subset for subset in seen if known & set(subset.digests)]


def test_a_teacher_scores_each_training_image_once_and_did_not_learn_from_it(workspace):
    for fold, scores in target(workspace, "student").folds:
        parts, subsets, train = soft_labels_of(scores).inputs
        assert sorted(name for subset in subsets for name in subset.ids) == sorted(train.ids)
        assert train is fold.train
        for part, subset in zip(parts, subsets, strict=True):
            _, fitted, tested = part.inputs
            assert tested is subset
            learned = next(i for i in fitted.inputs if isinstance(i, Subset))
            assert not set(learned.digests) & set(subset.digests)


def test_without_inner_folds_the_teacher_is_the_one_of_the_fold(workspace):
    taught, teachers = (target(workspace, name).folds[:2] for name in ("echo", "teacher"))
    for (_, scores), (_, own) in zip(taught, teachers, strict=True):
        (part,), _, _ = soft_labels_of(scores).inputs
        assert part.inputs[1].key == own.inputs[1].key


def flat(inputs):
    for given in inputs:
        if isinstance(given, list | tuple):
            yield from flat(given)
        else:
            yield given


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("student.teacher=nobody", "nobody"),
        ("student.teacher=student", "of itself"),
        ("student.teacher=", "no teacher"),
        ("student.inner_folds=1", "inner_folds = 1"),
        ("student.distillation.weight=1.5", "distillation.weight"),
    ],
)
def test_what_cannot_teach_is_said(folder, setting, said):
    with pytest.raises(InputError, match=said):
        _ = at(folder, setting).targets


def test_students_are_made_and_the_search_for_the_rate_is_shown(folder, workspace):
    project = Project(folder)
    done = project.strata("make", "-j", "1", "teacher", "student")
    assert done.returncode == 0, done.stdout + done.stderr
    fold, scores = target(workspace, "student").folds[0]
    taught = workspace.store.read(soft_labels_of(scores).key)
    assert (taught["teacher_weight"], taught["temperature"]) == (0.7, 3.0)
    assert taught["probabilities"].shape == (len(fold.train), 3)
    np.testing.assert_allclose(taught["probabilities"].sum(1), 1, rtol=1e-6)
    parts, subsets, _ = soft_labels_of(scores).inputs
    said = workspace.store.read(parts[1].key)["probabilities"][0]
    row = fold.train.ids.index(subsets[1].ids[0])
    np.testing.assert_array_equal(taught["probabilities"][row], said)
    fitted = workspace.store.read(target(workspace, "teacher").folds[0][1].inputs[1].key)
    search = fitted["lr_search"]
    assert search["suggestion"] == fitted["max_lr"]
    assert len(search["lrs"]) == len(search["losses"]) > 10
    page = (workspace.out / "report.html").read_text()
    assert page.count("Learning-rate range test. Suggested:") == 1
    image = next((folder / "images").rglob("*.png"))
    assert project.strata("predict", "student", str(image)).returncode == 0
