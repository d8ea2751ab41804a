"""Predictions of many files on worker processes."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strata.errors import StrataError
from strata.image_io import read_image
from strata.pipeline.prediction.classify import Prediction, classify_files, is_flat
from strata.pipeline.prediction.listing.paths import AskedFile
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.steps import PredictionStep
from strata.pipeline.prediction.stream import predict_paths
from strata.pipeline.recipes.registry import user_module
from tests.image_io.files import encoded, png
from tests.pipeline.project import write_images

STAGES = '''
import os

import numpy as np

from strata.errors import InputError
from strata.pipeline.graph.decorators import shard_stage, stage


@shard_stage(role="vectors")
def mean_color(images):
    """Mean color; a pure red image ends the process, a pure blue one is an error."""
    means = []
    for image in images:
        color = image.mean(axis=(0, 1))
        if color.tolist() == [255, 0, 0]:
            os._exit(9)
        if color.tolist() == [0, 0, 255]:
            raise InputError("too blue.", "Paint it.")
        if color.tolist() == [0, 255, 0]:
            raise ValueError("too green")
        means.append(color)
    # Depends on the batch: predictions are equal only where batches are.
    return {"vectors": np.stack(means) + len(means)}


@stage(role="vector scores")
def brightness(vectors, test):
    """Scores: the channels."""
    scores = vectors.rows("vectors", test)
    return {"scores": scores, "probabilities": scores / scores.sum(axis=1, keepdims=True)}
'''


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Model:
    file = tmp_path_factory.mktemp("stages") / "stages_of_stream.py"
    file.write_text(STAGES)
    module = user_module(file)
    steps = (
        PredictionStep(f"{module}:mean_color", {}, [{"images": True}]),
        PredictionStep(f"{module}:brightness", {}, [{"shards": 0}, {"subset": True}]),
    )
    return Model("toy", ("red", "green", "blue"), steps, {}, {"integer": (0, 4000)}, (file,))


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[str]:
    root = tmp_path_factory.mktemp("images")
    write_images(root)
    return sorted(map(str, root.rglob("*.png")))


def plain(color) -> bytes:
    return encoded(np.full((4, 4, 3), color, np.uint8), "PNG")


def told(predictions: list[Prediction]) -> list[tuple]:
    return [
        (
            p.path,
            p.problem,
            p.flat,
            *(s if s is None else s.tobytes() for s in (p.scores, p.probabilities)),
        )
        for p in predictions
    ]


def in_this_process(model: Model, paths: list[str], size: int) -> list[Prediction]:
    """Predictions one batch after the other."""
    batches = [paths[start : start + size] for start in range(0, len(paths), size)]
    pickled = pickle.dumps(model)
    return [p for batch in batches for p in classify_files(pickled, [*map(AskedFile, batch)])]


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_order_and_numbers_do_not_depend_on_the_number_of_processes(model, files, data):
    paths = data.draw(st.lists(st.sampled_from([*files[:6], "gone.png", os.devnull])))
    size = data.draw(st.integers(1, 5))
    found = list(predict_paths(model, paths, jobs=2, batch_size=size))
    assert [prediction.path for prediction in found] == paths
    assert told(found) == told(in_this_process(model, paths, size))
    for prediction in found:
        assert bool(prediction.problem) == (prediction.path not in files)


def test_files_are_listed_as_they_are_needed(model, files):
    listed = []

    def asked():
        for path in files:
            listed.append(path)
            yield path

    stream = predict_paths(model, asked(), jobs=1, batch_size=2)
    assert next(stream).path == files[0]
    assert len(listed) <= 8
    stream.close()  # and the workers are stopped


def test_each_file_has_its_own_problem(model, files, tmp_path):
    contents = {
        "cut.png": Path(files[0]).read_bytes()[:90],
        "blue.png": plain((0, 0, 255)),
        "green.png": plain((0, 255, 0)),
        "wall.png": plain((255, 255, 255)),
        "text.png": b"text",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    given = [files[0], *(str(tmp_path / name) for name in contents), "gone.png", files[1]]
    asked = [*map(AskedFile, given), AskedFile("x.nef", "a raw image")]
    found = list(predict_paths(model, asked))
    assert [Path(p.path).name for p in found if p.scores is not None] == [
        Path(files[0]).name,
        "wall.png",
        Path(files[1]).name,
    ]
    reasons = {Path(p.path).name: p.problem for p in found if p.problem}
    assert list(reasons) == ["cut.png", "blue.png", "green.png", "text.png", "gone.png", "x.nef"]
    assert reasons["blue.png"] == "too blue. Paint it."
    assert reasons["green.png"] == "cannot be classified (ValueError: too green)"
    assert reasons["gone.png"] == "no such file"
    assert [Path(p.path).name for p in found if p.flat] == ["wall.png"]


def test_an_image_at_which_the_process_dies_is_named_and_the_others_go_on(model, files, tmp_path):
    red = tmp_path / "red.png"
    red.write_bytes(plain((255, 0, 0)))
    given = [*files[:5], str(red), *files[5:12]]
    found = list(predict_paths(model, given, jobs=2, batch_size=3))
    assert [p.path for p in found] == given
    assert [(p.path, p.problem) for p in found if p.problem] == [
        (str(red), "its process was killed, most likely for lack of memory")
    ]


def test_processes_that_die_at_every_image_end_the_stream(model, tmp_path):
    red = tmp_path / "red.png"
    red.write_bytes(plain((255, 0, 0)))
    with pytest.raises(StrataError, match="again and again"):
        list(predict_paths(model, [str(red)] * 9, batch_size=4))


def test_values_without_a_stated_range_have_that_of_the_data_set(model, tmp_path):
    deep = tmp_path / "deep.png"
    deep.write_bytes(png(np.full((4, 4), 2000, np.uint16), 16, 0))
    (found,) = predict_paths(model, [str(deep)])
    assert found.scores.tolist() == [129, 129, 129]  # 255 * 2000 / 4000, and the batch's length
    assert not found.flat


def test_an_interrupt_stops_the_workers(model, files):
    stream = predict_paths(model, files, jobs=2, batch_size=1)
    next(stream)
    with pytest.raises(KeyboardInterrupt):
        stream.throw(KeyboardInterrupt)
    assert len(list(predict_paths(model, files[:2], jobs=2))) == 2  # new ones are started


def test_an_image_is_flat_where_no_channel_spans_eight_levels():
    image = np.full((40, 40, 3), (0, 100, 255), np.uint8)
    image[0, 0] = (7, 107, 248)
    assert is_flat(image)
    image[1, 1, 1] = 108
    assert not is_flat(image)


def test_large_images_are_scored_apart(model, files, monkeypatch):
    monkeypatch.setattr("strata.pipeline.prediction.batch.MAX_PIXELS", 24 * 24 * 2)
    lengths = [
        found.scores[0] - read_image(Path(found.path))[..., 0].mean()
        for found in in_this_process(model, files[:5], 5)
    ]
    assert lengths == pytest.approx([2, 2, 2, 2, 1])
