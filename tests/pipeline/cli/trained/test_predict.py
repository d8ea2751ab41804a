"""Hints of `strata predict` that can be followed, and the names that it prints."""

import json
import os
import sys

import pytest
from PIL import Image

from strata.errors import InputError
from strata.pipeline.cli.trained.predict import is_model_file
from strata.pipeline.store.store import Store
from tests.pipeline.predicted import predictions_in
from tests.pipeline.project import rot


def test_hints_repeat_the_options_that_were_given(made):
    image = "images/blue/000.png"
    here = ["-f", "strata.toml", "--set", "protocol.folds=4", "--store", ".strata"]
    refused = made.strata("predict", "plain", image, *here)
    assert refused.returncode == 2
    assert (
        "`strata make plain -f strata.toml --store .strata --set protocol.folds=4`"
        in refused.stderr
    )
    assert "The last report was made with no --set: give the same here." in refused.stderr
    made.make("plain", "--set", "protocol.folds=4")
    assert made.strata("predict", "plain", image, *here).returncode == 0
    made.make("--set", "protocol.folds=2")
    hint = made.strata("predict", "plain", image, "--set", "protocol.test=0.5").stderr
    assert "The last report was made with --set protocol.folds=2: give the same here." in hint


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_names_that_are_no_utf8_are_escaped_in_what_is_printed_and_written(made):
    """Bytes of names that are no UTF-8 become lone surrogates in Python, which no JSON may hold."""
    odd = os.fsdecode(b"caf\xe9")
    (made.root / "images").rename(made.root / odd)
    (made.root / odd / "blue" / "000.png").rename(made.root / odd / "blue" / f"{odd}.png")
    options = ["--set", f"data.source={odd}"]
    made.make(*options)
    assert made.strata("report", *options).returncode == 0
    written = json.loads((made.root / "out" / "toy" / "results.json").read_text(encoding="utf-8"))
    assert json.dumps(written, ensure_ascii=False).encode().decode().count(r"caf\\xe9") > 0
    done = made.strata("predict", "plain", f"{odd}/blue", *options, "--json")
    names = list(predictions_in(done))
    assert names[-1].encode() == rb"caf\xe9/blue/caf\xe9.png"
    assert len(names) == 8


def test_a_damaged_artifact_is_made_again(made):
    expected = made.strata("predict", "plain", "images/blue/000.png", "--json").stdout
    store = Store(made.store)
    for key in list(store.keys()):
        if store.manifest(key)["stage"] == "class_means":
            rot(store.folder(key), "means.npy")
    done = made.strata("predict", "plain", "images/blue/000.png", "--json")
    assert (done.stdout, done.returncode) == (expected, 0), done.stderr


def test_a_white_wall_is_told(made):
    Image.new("RGB", (24, 24), "white").save(made.root / "wall.png")
    done = made.strata("predict", "plain", "wall.png", "images/blue/000.png")
    assert "wall.png: nearly flat, so its class and score say little" in done.stdout
    assert done.stdout.count("nearly flat") == 1
    found = predictions_in(made.strata("predict", "plain", "wall.png", "--json"))
    assert found["wall.png"]["flat"]


def test_a_file_of_a_methods_name_does_not_hide_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gist").write_text("notes on gist")
    (tmp_path / "renamed").write_bytes(b"PK\x03\x04")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    told = {name: is_model_file(name) for name in ("gist", "fisher", "a.strata", "./b", "renamed")}
    assert told == {"gist": False, "fisher": False, "a.strata": True, "./b": True, "renamed": True}
    with pytest.raises(InputError, match=r"photo.jpg is an image.*\n.*METHOD_OR_FILE IMAGES"):
        is_model_file("photo.jpg")


def test_an_onnx_file_is_told_from_a_method(project):
    done = project.strata("describe", "fisher.onnx")
    assert done.returncode == 2
    assert "fisher.onnx is an ONNX file" in done.stderr
