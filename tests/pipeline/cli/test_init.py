"""`strata init`, `strata list --recipes` and `strata status`, in this process."""

import errno
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from strata.errors import InputError
from strata.pipeline.cli.init import init
from strata.pipeline.cli.inspect import list_recipes, status
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.data.layout.split_csv import read_split
from strata.pipeline.data.source import open_source
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.recipes.registry import known_recipes
from tests.pipeline.data.folders import encoded, lay_out


def written(root, images, monkeypatch):
    monkeypatch.chdir(root)
    init(str(images), Path("strata.toml"))
    return read_experiment(root / "strata.toml")


def classes(root, **counts):
    """Images that all differ."""
    number = 0
    for name, count in counts.items():
        for i in range(count):
            number += 1
            pixels = np.full((2, 2, 3), [number % 256, number // 256, 0], np.uint8)
            lay_out(root, f"{name}/{i}.png", content=encoded(pixels))
    return root


def test_the_time_that_make_will_take_is_said(tmp_path, monkeypatch, capsys):
    classes(tmp_path / "photos", a=60, b=60)
    written(tmp_path, "photos", monkeypatch)
    *_, written_line, said = capsys.readouterr().out.splitlines()
    assert written_line.endswith("now run `strata make`.")
    assert re.fullmatch(
        r"That will take about \d.* (s|min) on \d+ cores?; `strata status` .*", said
    )
    assert not (tmp_path / ".strata").exists()


@pytest.mark.parametrize(("fewest", "folds"), [(1, 2), (5, 4), (8, 7), (12, 8), (500, 8)])
def test_a_class_of_few_images_is_cut_into_few_folds(tmp_path, monkeypatch, fewest, folds):
    classes(tmp_path / "photos", a=500, b=fewest)
    assert written(tmp_path, "photos", monkeypatch).protocol["folds"] == folds


def test_with_a_split_all_training_images_are_there_for_the_folds(tmp_path, monkeypatch):
    classes(tmp_path / "photos" / "train", a=9, b=5)
    classes(tmp_path / "photos" / "test", a=9, b=5)
    assert written(tmp_path, "photos", monkeypatch).protocol["folds"] == 5


@pytest.mark.parametrize(
    ("counts", "named"), [({"a": 9, "b": 3}, ""), ({"a": 2, "b": 1, "c": 9}, "'a' (2), 'b' (1)")]
)
def test_classes_that_make_will_refuse_are_named(tmp_path, monkeypatch, capsys, counts, named):
    classes(tmp_path / "photos", **counts)
    written(tmp_path, "photos", monkeypatch)
    said = capsys.readouterr().out
    refused = f"too few different images for 2 folds and a test set: {named}, which `make` refuses."
    assert (refused in said) == bool(named)


def test_copies_are_one_image_for_the_folds(tmp_path, monkeypatch):
    photos = classes(tmp_path / "photos", a=6, b=30)
    lay_out(photos, *(f"a/copy{n}.png" for n in range(16)))
    assert written(tmp_path, "photos", monkeypatch).protocol["folds"] == 6


def test_what_is_no_folder_of_classes_gets_the_usual_folds(tmp_path, monkeypatch, capsys):
    lay_out(tmp_path / "photos", "1.png")
    assert written(tmp_path, "photos", monkeypatch).protocol["folds"] == 8
    said = capsys.readouterr().out
    assert "As it is, `make` refuses it: 1 image in photos, but no class folders." in said


@pytest.mark.parametrize("source", ["photos", "photos/train"])
def test_a_csv_file_of_labels_beside_the_images_is_used(tmp_path, monkeypatch, capsys, source):
    classes(tmp_path / "photos", train=9, test=1)
    rows = [f"{i},{'ab'[i % 2]}\n" for i in range(9)]
    (tmp_path / "photos" / "labels.csv").write_text("id,label\n" + "".join(rows))
    found = written(tmp_path, source, monkeypatch)
    assert found.data["split"] == "photos/labels.csv"
    said = capsys.readouterr().out
    assert f"{source}: 9 images in 2 classes (a 5, b 4); no split, so 30 %" in said
    assert "'label' as the class, 'id' as the file" in said
    monkeypatch.chdir(tmp_path)
    data = {"split_csv": found.data["split"], "cache": tmp_path / "cache"}
    assert len(open_source(source, **data).files) == 9


def test_a_csv_file_that_does_not_fit_is_said(tmp_path, monkeypatch, capsys):
    lay_out(tmp_path / "photos", "train/1.png")
    (tmp_path / "photos" / "labels.csv").write_text("id,label\n7,a\n")
    assert written(tmp_path, "photos", monkeypatch).data["split"] is None
    said = capsys.readouterr().out
    assert "As it is, `make` refuses it: No class folders in train/ (1 image)" in said
    assert "labels.csv cannot be used as it is: None of the 1 images" in said


def test_predictions_are_no_labels(tmp_path, monkeypatch, capsys):
    lay_out(tmp_path / "photos", "1.png", "2.png")
    table = "path,class,probability,a,b\n1.png,a,0.9,0.9,0.1\n2.png,b,0.8,0.2,0.8\n"
    (tmp_path / "photos" / "predictions.csv").write_text(table)
    assert written(tmp_path, "photos", monkeypatch).data["split"] is None
    assert "predictions.csv holds predictions of `strata predict`" in capsys.readouterr().out
    with pytest.raises(InputError, match="no labels"):
        read_split(tmp_path / "photos" / "predictions.csv")


def test_images_classes_and_what_is_left_out_are_said(tmp_path, monkeypatch, capsys):
    classes(tmp_path / "photos" / "train", a=9, b=5)
    classes(tmp_path / "photos" / "test", a=2, b=2)
    lay_out(tmp_path / "photos", "@eaDir/1.png", "1.png")
    written(tmp_path, "photos", monkeypatch)
    assert capsys.readouterr().out.splitlines()[:3] == [
        "photos: 18 images in 2 classes (a 11, b 7); 14 for training and 4 for the test, by the "
        "data's split.",
        "note: folders of the operating system left out: @eaDir",
        "note: 1 image outside of the class folders left out: 1.png",
    ]
    assert "# not used: the data brings its split" in (tmp_path / "strata.toml").read_text()


def test_a_folder_of_two_data_sets_is_warned_of(tmp_path, monkeypatch, capsys):
    for name, counts in {"one": {"a": 5, "b": 5}, "two": {"c": 5, "d": 5}}.items():
        classes(tmp_path / "photos" / name, **counts)
    written(tmp_path, "photos", monkeypatch)
    assert "warning: Class folders that hold folders, but no images" in capsys.readouterr().out


def test_an_experiment_may_lie_among_its_images(tmp_path, monkeypatch):
    classes(tmp_path, a=9, b=9)
    found = written(tmp_path, ".", monkeypatch)
    assert found.data["source"] == "."
    lay_out(tmp_path, "out/x/report.html", "out/x/results.json", ".strata/data/a/1.png")
    source = open_source(found.folder / ".", cache=tmp_path / ".strata")
    assert {file.label for file in source.files} == {"a", "b"}
    assert source.notes == source.empty == []


@pytest.mark.parametrize("name", ["new\nline", "\x07bell\x7f", 'quo"te', "back\\slash", "日本"])
def test_any_name_of_a_folder_is_written_as_toml(tmp_path, monkeypatch, name):
    classes(tmp_path / name, a=9, b=9)
    found = written(tmp_path, name, monkeypatch)
    assert found.data["source"] == name


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_a_name_that_is_no_utf8_is_refused_but_from_inside(tmp_path, monkeypatch):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    classes(folder, a=9, b=9)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"caf\\xe9 is not UTF-8"):
        init(os.fsdecode(b"caf\xe9"), Path("strata.toml"))
    assert written(folder, ".", monkeypatch).data["source"] == "."


def test_a_class_without_images_is_said(tmp_path, monkeypatch, capsys):
    classes(tmp_path / "photos", a=9, b=9)
    (tmp_path / "photos" / "c").mkdir()
    written(tmp_path, "photos", monkeypatch)
    assert "Class folders without images in photos: c." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("place", "source"),
    [("photos", "photos"), ("sets/my photos", "sets/my photos"), ("scenes", "./scenes")],
)
def test_images_below_the_file_are_named_from_there(tmp_path, monkeypatch, place, source):
    images = classes(tmp_path / place, a=9, b=9)
    found = written(tmp_path, images, monkeypatch)
    assert found.data["source"] == source
    assert (found.folder / source).samefile(images)


def test_images_elsewhere_are_named_in_full(tmp_path, monkeypatch):
    images = classes(tmp_path / "photos", a=9, b=9)
    (tmp_path / "work").mkdir()
    assert written(tmp_path / "work", images, monkeypatch).data["source"] == str(images)


def test_recipes_are_listed_as_a_file_that_can_be_pasted(tmp_path, capsys):
    list_recipes(tmp_path / "none.toml", as_json=False)
    methods = tomllib.loads(capsys.readouterr().out)["methods"]
    recipes = known_recipes()
    assert methods.keys() == recipes.keys()
    for name, settings in methods.items():
        assert recipes[name].checked(settings, name) == recipes[name].checked({}, name)


def test_other_stages_of_a_choice_can_be_pasted_too(tmp_path, capsys):
    list_recipes(tmp_path / "none.toml", as_json=False)
    lines = capsys.readouterr().out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith('# use = "sparse_sift"'))
    rest = [line.removeprefix("# ") for line in lines[start:]]
    end = next(i for i, line in enumerate(rest) if i and (line[:5] == "use =" or line[:1] == "["))
    assert tomllib.loads("\n".join(rest[:end]))["use"] == "sparse_sift"


@pytest.mark.parametrize("moved", [False, True])
def test_status_of_a_store_that_can_only_be_read(project, monkeypatch, capsys, moved):
    project.make()
    if moved:  # as a copy would be: other times, the same content
        for path in (project.store / "artifacts").rglob("*.npy"):
            os.utime(path, (1, 1))
    (project.store / "code.json").unlink()

    def refused(*_arguments, **_keywords):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "replace", refused)
    monkeypatch.setattr(os, "rename", refused)
    monkeypatch.setattr(Path, "write_text", refused)
    monkeypatch.setattr(Path, "write_bytes", refused)
    workspace = Workspace.at(project.file, [], None, None, 1, False)
    assert status(workspace, [], as_json=False) == 0
    assert capsys.readouterr().out.count("up to date") == 2


def test_an_address_leaves_a_place_for_its_checksum(tmp_path, monkeypatch):
    written(tmp_path, "https://example.org/photos.zip", monkeypatch)
    data = tomllib.loads((tmp_path / "strata.toml").read_text())["data"]
    assert data == {"source": "https://example.org/photos.zip", "sha256": ""}


def test_recipes_are_listed_beside_a_file_that_names_none_of_them(tmp_path, capsys):
    (tmp_path / "strata.toml").write_text('[protocol]\nfolds = 1\n[methods.x]\nrecipe = "knn"\n')
    list_recipes(tmp_path / "strata.toml", as_json=False)
    assert "[methods.bovw]" in capsys.readouterr().out


def test_letters_that_the_output_cannot_hold_are_spelled(tmp_path):
    file = tmp_path / "strata.toml"
    file.write_text('[methods."forêt"]\nrecipe = "bovw"\n', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "strata", "list", "-f", str(file)],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "for\\xeat" in done.stdout


def test_a_malformed_url_is_refused(tmp_path):
    with pytest.raises(InputError, match="is not a URL"):
        init("http://[::1/x.zip", tmp_path / "strata.toml")
    assert list(tmp_path.iterdir()) == []


def test_labels_beside_a_folder_of_images_are_named_where_one_class_is_found(tmp_path):
    lay_out(tmp_path / "loose", "images/1.png", "images/2.png")
    (tmp_path / "loose" / "labels.csv").write_text("id,label\n1,a\n2,b\n")
    with pytest.raises(InputError, match=r"Only one class in .*: 'images'") as caught:
        open_source(tmp_path / "loose", split_csv=None, cache=tmp_path / "cache")
    assert 'labels.csv names classes: add split = "labels.csv" under [data]' in str(caught.value)
