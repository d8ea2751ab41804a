"""Expected duration of a first run: proportional to images, without opening any."""

import json

import numpy as np
import pytest

from strata.pipeline.cli.expected_duration import _MOST, _thinned, expected_seconds
from strata.pipeline.cli.inspect import status
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.data.layout.tree import source_file
from strata.pipeline.experiment.file import read_experiment
from tests.pipeline.data.folders import encoded, lay_out


def listed(root, counts, split=None):
    """Images that do not exist."""
    return [
        source_file(root, f"{name}/{number:05}.png", name, split)
        for name, count in counts.items()
        for number in range(count)
    ]


@pytest.fixture
def experiment(tmp_path):
    file = tmp_path / "strata.toml"
    file.write_text('[data]\nsource = "photos"\n[methods.bovw]\n[methods.tinynet]\n')
    return read_experiment(file)


def test_twice_the_images_take_about_twice_as_long(experiment, tmp_path):
    few, many = (
        expected_seconds(experiment, listed(tmp_path, {"a": n, "b": n}), 1) for n in (300, 2400)
    )
    assert many / few == pytest.approx(8, rel=0.15)
    assert expected_seconds(experiment, listed(tmp_path, {"a": 300, "b": 300}), 4) * 4 == (
        pytest.approx(few)
    )


def test_a_split_of_the_data_is_kept(experiment, tmp_path):
    train = listed(tmp_path, {"a": 60, "b": 60}, "train")
    files = [*train, *listed(tmp_path / "test", {"a": 9, "b": 9}, "test")]
    assert expected_seconds(experiment, files, 1) > 0


def test_it_is_what_status_says_of_all_methods(experiment, tmp_path, capsys):
    pixels = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 3), np.uint8)
    for number, image in enumerate(pixels):
        lay_out(tmp_path / "photos", f"{'ab'[number % 2]}/{number}.png", content=encoded(image))
    text = '[data]\nsource = "photos"\n[protocol]\nfolds = 4\n[methods.tinynet]\n'
    experiment.path.write_text(text)
    experiment = read_experiment(experiment.path)
    workspace = Workspace.at(experiment.path, [], None, None, 1, False)
    status(workspace, [], as_json=True)
    said = json.loads(capsys.readouterr().out)[0]["seconds"]
    names = [f"{'ab'[number % 2]}/{number}.png" for number in range(24)]
    files = [source_file(tmp_path / "photos", name, name[0], None) for name in names]
    assert expected_seconds(experiment, files, 1) == pytest.approx(said, rel=0.1, abs=0.1)


def test_every_class_stays_large_enough_for_the_folds(tmp_path):
    files = listed(tmp_path, {"a": 10_000, "b": 12, "c": 4_000})
    kept = [file.label for file in _thinned(files, 8)]
    assert kept.count("b") == 12
    assert len(kept) < 1.1 * _MOST
    few = listed(tmp_path, {"a": 500, "b": 5})
    assert len(_thinned(few, 4)) == 505
