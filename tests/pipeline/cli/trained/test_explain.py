"""`strata explain`: files that are written, files that cannot be read, models in files."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from strata.errors import InputError
from strata.pipeline.cli.app import app
from strata.pipeline.cli.trained.explain import (
    Request,
    explain,
    explain_by_file,
    explain_by_method,
)
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.worker import Task, run_task
from strata.pipeline.experiment.trained import trained_model
from strata.pipeline.prediction.model_file import save_model
from tests.pipeline.project import Project, write_images

FILE = """
name = "explained"
[data]
source = "images"
near_duplicates = false
[protocol]
folds = 2
[methods.gist]
descriptor.image_size = 32
[methods.nearest]
recipe = "gist"
descriptor.image_size = 32
classifier.use = "knn"
[methods.words]
recipe = "bovw"
codebook.n_words = 8
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Workspace:
    made = Project(tmp_path_factory.mktemp("explained"))
    write_images(made.root / "images", per_class=6)
    made.file.write_text(FILE)
    found = Workspace.at(made.file, [], None, None, 1, False)
    plan = Plan.of([target.node for target in found.chosen([])], found.store)
    for key in plan.needed:  # in this process
        title = plan.title(plan.nodes[key])
        run_task(
            Task.of(
                plan.nodes[key], found.store, title=title, force=False, threads=1, dropped=set()
            )
        )
    return found


@pytest.fixture
def photos(workspace, tmp_path):
    """Two images in a folder, of which one is a wide one, and a broken one."""
    folder = tmp_path / "photos"
    folder.mkdir()
    own = workspace.experiment.folder / "images" / "blue"
    shutil.copy(own / "000.png", folder / "a blue one.png")
    wide = np.random.default_rng(0).integers(0, 256, (20, 90, 3), dtype=np.uint8)
    Image.fromarray(wide).save(folder / "wide.png")
    return folder


def test_maps_and_a_page_are_written(workspace, photos, tmp_path, capsys):
    out = tmp_path / "new" / "out"
    assert explain_by_method(workspace, "gist", Request([str(photos)], out)) == 0
    pictures = sorted(path.name for path in out.glob("*.png"))
    assert len(pictures) == 4
    assert pictures[0].startswith("001-a_blue_one-")
    with Image.open(out / pictures[-1]) as picture:
        assert picture.size == (480, 107)
    page = (out / "explanations.html").read_text("utf-8")
    assert page.count("<img") == 2 + 4
    assert "http" not in page.replace("http-equiv", "")
    assert "speaks against it" in page
    printed = capsys.readouterr().out
    assert "wide.png: " in printed
    assert str(out / "explanations.html") in printed


def test_neighbors_come_with_their_pictures_from_the_store_and_by_name_from_a_file(
    workspace, photos, tmp_path
):
    image = str(photos / "a blue one.png")
    explain_by_method(workspace, "nearest", Request([image], tmp_path / "one", top=1))
    page = (tmp_path / "one" / "explanations.html").read_text("utf-8")
    assert page.count("<li><img") > 0 == page.count("<li><span")
    target = workspace.chosen(["nearest"])[0]
    model, _ = trained_model(target, workspace.dataset, workspace.store)
    save_model(model, tmp_path / "nearest.strata")
    file = str(tmp_path / "nearest.strata")
    assert explain_by_file(file, [], Request([image], tmp_path / "two", top=1)) == 0
    alone = (tmp_path / "two" / "explanations.html").read_text("utf-8")
    assert alone.count("<li><span") == page.count("<li><img")


def test_what_cannot_be_read_is_named(workspace, photos, tmp_path, capsys):
    (photos / "broken.png").write_bytes(b"\x89PNG nothing else")
    assert explain_by_method(workspace, "gist", Request([str(photos)], tmp_path / "out")) == 2
    assert "broken.png: " in capsys.readouterr().out
    page = (tmp_path / "out" / "explanations.html").read_text("utf-8")
    assert "broken.png</b>: " in page
    missing = str(photos / "missing.png")
    assert explain_by_method(workspace, "gist", Request([missing], tmp_path / "none")) == 2
    assert not list((tmp_path / "none").iterdir())


def test_a_class_is_named_or_refused_with_its_nearest(workspace, photos, tmp_path):
    image = str(photos / "wide.png")
    for name in ("blue", "green"):
        request = Request([image], tmp_path / name, named=name)
        explain_by_method(workspace, "gist", request)
        assert f"<h3>{name} " in (tmp_path / name / "explanations.html").read_text("utf-8")
    with pytest.raises(InputError, match="no class 'gren'") as error:
        explain_by_method(workspace, "gist", Request([image], tmp_path / "x", named="gren"))
    assert "green" in error.value.hint
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        explain_by_method(workspace, "gist", Request([image], tmp_path / "file"))


def test_a_wall_has_no_class_by_descriptors_and_a_doubtful_one_by_gist(
    workspace, photos, tmp_path, capsys
):
    Image.new("RGB", (24, 24), "white").save(photos / "wall.png")
    assert explain_by_method(workspace, "words", Request([str(photos)], tmp_path / "words")) == 2
    assert "wall.png: no descriptors (flat, or too small), so no class\n" in capsys.readouterr().out
    page = (tmp_path / "words" / "explanations.html").read_text("utf-8")
    assert "Without a class" in page
    assert page.count("predicted: ") == 2
    assert explain_by_method(workspace, "gist", Request([str(photos)], tmp_path / "gist")) == 0
    assert "wall.png: nearly flat, so its class and score" in capsys.readouterr().out
    assert "nearly flat" in (tmp_path / "gist" / "explanations.html").read_text("utf-8")


def test_names_are_cut_to_the_bytes_of_a_file_name_and_stay_apart(workspace, tmp_path):
    target = workspace.chosen(["gist"])[0]
    model, _ = trained_model(target, workspace.dataset, workspace.store)
    classes = tuple("山" * 50 + end for end in "abc")
    image = tmp_path / f"{'山' * 70}.png"
    Image.new("RGB", (24, 24), "red").save(image)
    out = tmp_path / "out"
    assert explain(replace(model, classes=classes), _request(out, image)) == 0
    names = sorted(path.name for path in out.glob("*.png"))
    assert len(names) == 3
    assert all(len(name.encode()) < 150 for name in names)
    assert names[0] == f"001-{'山' * 20}-{'山' * 20}-1.png"


def test_maps_of_an_earlier_page_are_removed_and_nothing_else(workspace, photos, tmp_path):
    out, names = tmp_path / "out", ["a blue one.png", "wide.png"]
    for _ in range(2):
        assert (
            explain_by_method(workspace, "gist", _request(out, *(photos / n for n in names))) == 0
        )
        assert len(list(out.glob("*.png"))) == 6
    (out / "003-mine.png").touch()
    explain_by_method(workspace, "gist", _request(out, photos / "wide.png"))
    left = sorted(path.name for path in out.iterdir())
    assert len(left) == 5
    assert [name[:8] for name in left] == ["001-wide"] * 3 + ["003-mine", "explanat"]


def test_progress_is_told_where_the_output_is_no_terminal(
    workspace, photos, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("strata.pipeline.workspace.step_progress.PLAIN_SECONDS", 0.0)
    explain_by_method(workspace, "gist", Request([str(photos)], tmp_path / "out"))
    printed = capsys.readouterr()
    assert "explaining: 1 of 2" in printed.err
    assert "explaining" not in printed.out


def test_processes_are_refused_with_a_model_file(workspace, photos, tmp_path):
    file = tmp_path / "gist.strata"
    model, _ = trained_model(workspace.chosen(["gist"])[0], workspace.dataset, workspace.store)
    save_model(model, file)
    done = CliRunner().invoke(app, ["explain", str(file), str(photos / "wide.png"), "-j", "2"])
    assert done.exit_code == 2
    assert "--jobs has no meaning with the model file" in done.output


def test_a_model_that_cannot_be_used_is_no_fault_of_each_image(workspace, photos, tmp_path):
    class Broken(dict):
        def __getitem__(self, name):
            raise InputError("The artifact is damaged.", "Export it again.")

    target = workspace.chosen(["gist"])[0]
    model, _ = trained_model(target, workspace.dataset, workspace.store)
    broken = replace(model, artifacts=Broken(model.artifacts))
    with pytest.raises(InputError, match="damaged"):
        explain(broken, _request(tmp_path / "out", photos / "wide.png"))


def _request(out, *images) -> Request:
    return Request([str(image) for image in images], out, top=3)
