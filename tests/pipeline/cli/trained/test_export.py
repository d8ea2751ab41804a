"""`strata export` and `strata describe FILE.strata`."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from typer.testing import CliRunner

from strata.image_io import read_image
from strata.pipeline.cli.app import app
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.prediction.container import container_writer
from strata.pipeline.prediction.model_file import load_model
from strata.pipeline.store.store import Store


def strata(*arguments, code=0):
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def file(made):
    path = made.root / "plain.strata"
    told = strata("export", "plain", path, "-f", made.file, "-j", "1")
    assert "plain, " in told
    assert "kB" in told
    assert "stages of toy_recipes.py, which is not in the file" in told
    return path


def fitted(made):
    """Keys of the artifacts that the export of `plain` needs."""
    store = Store(made.store)
    return [k for k in store.keys() if store.manifest(k)["stage"] == "class_means"]  # noqa: SIM118


def test_a_method_leaves_its_store_and_images(made, file, tmp_path):
    target = Workspace.at(made.file, [], None, None, 1, False).chosen(["plain"])[0]
    predictions = Store(made.store).read(target.node.key)
    final = np.asarray(predictions["fold"]) == -1
    before = np.array(predictions["scores"][final])
    images = [read_image(made.root / "images" / i) for i in np.asarray(predictions["ids"])[final]]
    shutil.move(file, tmp_path / "moved.strata")
    shutil.copy(made.root / "toy_recipes.py", tmp_path)
    shutil.rmtree(made.root)
    model = load_model(tmp_path / "moved.strata", [tmp_path / "toy_recipes.py"])
    np.testing.assert_allclose(model.decision_function(images), before)
    assert model.facts["recipe"] == "colors"
    counts = {"blue": 6, "gray": 6, "green": 6}
    assert model.facts["trained_on"] == {"images": 18, "fold": "final", "by_class": counts}
    assert model.facts["cv"]["images"] == 18
    assert 0 <= model.facts["cv"]["low"] <= model.facts["cv"]["accuracy"] <= 1
    assert model.facts["test"]["images"] == 6
    assert model.facts["data"]["images"] == {"blue": 8, "gray": 8, "green": 8}
    assert model.facts["weights"] == []


def test_another_machine_predicts_the_same(made, file, tmp_path):
    """An empty folder, another home, no store, no images, no experiment file."""
    asked = ["image/0.png", "image/1.png"]
    for folder in (made.root, tmp_path / "empty"):
        (folder / "image").mkdir(parents=True)
        for number, label in enumerate(("blue", "gray")):
            shutil.copy(made.root / "images" / label / "000.png", folder / asked[number])
    before = made.strata("predict", "plain", *asked, "--json", "-j", "1")
    assert before.returncode == 0, before.stderr
    shutil.move(file, tmp_path / "empty" / "plain.strata")
    shutil.move(made.root / "toy_recipes.py", tmp_path / "empty")
    shutil.rmtree(made.root)
    given = ["predict", "plain.strata", *asked, "--json", "-j", "1", "--modules", "toy_recipes.py"]
    after = subprocess.run(
        [sys.executable, "-m", "strata", *given],
        capture_output=True,
        text=True,
        cwd=tmp_path / "empty",
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert after.stdout == before.stdout, after.stderr
    assert len(after.stdout.splitlines()) == 2


def test_parts_that_were_removed_are_made_again(made):
    """`gc` and `make --frugal` leave results without what they were made from."""
    keys = fitted(made)
    for key in keys:
        Store(made.store).discard(key)
    path = made.root / "again.strata"
    strata("export", "squared", path, "-f", made.file, "-j", "1")
    assert set(fitted(made)) < set(keys)
    assert load_model(path, [made.root / "toy_recipes.py"]).artifacts["class_means"]["means"].any()


def test_a_method_that_is_not_up_to_date_is_not_exported(made):
    path = made.root / "plain.strata"
    told = strata("export", "plain", path, "-f", made.file, "--set", "plain.color.power=3", code=2)
    assert "plain is not up to date" in told
    assert "strata why plain" in told
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [("plain.pkl", "Name it"), ("no/plain.strata", "cannot be written")],
)
def test_odd_names_of_files_are_refused(made, name, said):
    told = strata("export", "plain", made.root / name, "-f", made.file, code=2)
    assert said in told


def test_a_file_tells_what_it_is_without_running_anything(file, made):
    (made.root / "toy_recipes.py").unlink()
    told = strata("describe", file)
    assert "plain: 3 classes, recipe colors" in told
    assert "learned from 18 images of images (final)" in told
    assert "accuracy in cross-validation: " in told
    assert "steps: mean_color, distances" in told
    assert "needs the file toy_recipes.py" in told
    assert [line.split() for line in told.splitlines()[-4:]] == [
        ["class", "learned", "from", "all", "images"],
        ["blue", "6", "8"],
        ["gray", "6", "8"],
        ["green", "6", "8"],
    ]
    assert json.loads(strata("describe", file, "--json"))["name"] == "plain"
    file.write_bytes(file.read_bytes()[:-3])
    assert "is not a whole model file" in strata("describe", file, code=2)
    assert "cannot be read" in strata("describe", "absent.strata", code=2)


def refilled(path, facts):
    """The file with other facts."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    document = {**json.loads(content.pop("model.json")), "facts": facts}
    with container_writer(path) as add:
        for name, data in content.items():
            add(name, data)
        add("model.json", json.dumps(document).encode())


@pytest.mark.parametrize(
    "facts",
    [{"recipe": 3}, {"data": []}, {"cv": 1}, {"weights": [1]}, {"trained_on": {"by_class": 3}}],
)
def test_a_whole_file_of_odd_facts_is_not_called_damaged(file, facts):
    refilled(file, facts)
    told = strata("describe", file, code=2)
    assert "cannot be told" in told
    assert "The file is whole" in told
    assert "Copy it again" not in told
    assert json.loads(strata("describe", file, "--json"))["facts"] == facts


def test_facts_without_the_images_learned_from_are_told_as_they_are(file):
    refilled(file, {"data": {"images": {"blue": 8, "gray": 8, "green": 7}}})
    lines = [line.split() for line in strata("describe", file).splitlines()]
    assert lines[-4:] == [["class", "all", "images"], ["blue", "8"], ["gray", "8"], ["green", "7"]]
