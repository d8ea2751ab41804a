"""`strata predict` on whatever it is given, by a method and by its model file."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
from functools import partial

import pytest

from strata.pipeline.cli.app import app
from tests.pipeline.predicted import predictions_in

IMAGES = ["images/blue", "images/gray/000.png", "odd", "empty", "gone.png", "images/**/00[12].png"]


@pytest.fixture
def asked(made):
    """A project with files that are not images."""
    (made.root / "odd").mkdir()
    for name, content in {
        "photo.heic": b"\0\0\0\x18ftypheic" + bytes(30),
        "shot.cr2": b"II*\0" + bytes(30),
        "notes.txt": b"text",
        ".hidden": b"",
        "bare": b"text",
    }.items():
        (made.root / "odd" / name).write_bytes(content)
    (made.root / "empty").mkdir()
    return made


def test_a_model_file_and_its_method_give_the_same_bits_anywhere(asked, tmp_path):
    by_method = asked.strata("predict", "plain", *IMAGES, "--json", "-j", "2")
    assert by_method.returncode == 2
    found = predictions_in(by_method)
    problems = {name: line["problem"] for name, line in found.items() if "problem" in line}
    assert list(problems) == ["odd/photo.heic", "odd/shot.cr2", "empty", "gone.png"]
    assert "raw image" in problems["odd/shot.cr2"]
    assert problems["empty"] == "holds no images"
    assert problems["gone.png"] == "no such file"
    assert len(found) == 8 + 1 + 4 + 4
    assert "4 of 17 files without a class." in by_method.stderr
    assert "2 other files in the folders are no images." in by_method.stderr
    assert asked.strata("export", "plain", "plain.strata").returncode == 0
    shutil.rmtree(asked.store)
    os.rename(asked.file, asked.root / "elsewhere.toml")
    by_file = asked.strata(
        "predict", "plain.strata", *IMAGES, "--json", "-j", "1", "--modules", "toy_recipes.py"
    )
    assert by_file.stdout == by_method.stdout
    assert by_file.returncode == 2


def test_paths_on_standard_input_and_csv(made):
    process = made.start("predict", "plain", "-", "--csv", "--top", "1", stdin=subprocess.PIPE)
    out, err = process.communicate("images/gray/001.png\nimages/blue/000.png\n", timeout=60)
    assert process.returncode == 0, err
    header, *rows = csv.reader(io.StringIO(out))
    assert header == ["path", "class", "score"]
    assert [row[0] for row in rows] == ["images/gray/001.png", "images/blue/000.png"]
    assert rows[1][1] == "blue"


def test_a_reader_that_closes_the_pipe_ends_it_without_a_word(made):
    process = made.start("predict", "plain", "images", "--json", "--batch", "1")
    assert json.loads(process.stdout.readline())["image"] == "images/blue/000.png"
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(60) == 0


def test_an_interrupt_ends_it_in_one_sentence(made):
    heed = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    process = made.start(
        "predict", "plain", "-", "--json", "--batch", "1", stdin=subprocess.PIPE, preexec_fn=heed
    )
    for number in range(8):
        process.stdin.write(f"images/blue/00{number}.png\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["class"]
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "interrupted" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["plain", "--json", "--csv"], "--json and --csv are two formats."),
        (["plain", "--modules", "x.py"], "--modules has no meaning with the method plain"),
        (["x.strata", "--set", "a.b=1"], "--set has no meaning with the model file x.strata."),
        (["x.strata"], "x.strata"),
    ],
)
def test_options_that_mean_nothing_are_refused(tmp_path, monkeypatch, capsys, arguments, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        app(["predict", *arguments, "images"])
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert told in err
    assert not out
