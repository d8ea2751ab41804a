"""Model files of strangers, of other versions and of users' own recipes; damaged ones."""

import json
import os
import pickle
import subprocess
import sys
import time
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.errors import InputError
from strata.pipeline.code.user_modules import import_from
from strata.pipeline.prediction.container import container_writer
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.model_file import load_model, save_model
from strata.pipeline.prediction.steps import PredictionStep
from strata.pipeline.recipes.registry import user_module

SVM = {"kernel": "linear", "C": 1.0}
IMAGES = [np.random.default_rng(i).integers(0, 256, (40, 40, 3), np.uint8) for i in range(3)]
STAGES = "strata.pipeline.stages"


@pytest.fixture(scope="module")
def model():
    """GIST and k nearest neighbors, without any training graph."""
    from sklearn.neighbors import KNeighborsClassifier

    from strata.features import GIST
    from strata.pipeline.stages.global_descriptors import gist_descriptor

    parameters = gist_descriptor.parameters.checked({"image_size": 32, "n_cells": 2})
    rows = GIST(image_size=32, n_cells=2).transform(IMAGES)
    classifier = KNeighborsClassifier(1, algorithm="brute").fit(rows, [0, 1, 1])
    steps = (
        PredictionStep(
            f"{STAGES}.global_descriptors:gist_descriptor", parameters, [{"images": True}]
        ),
        PredictionStep(
            f"{STAGES}.classifiers:class_scores",
            {},
            [{"shards": 0}, {"artifact": "knn"}, {"subset": True}],
        ),
    )
    artifacts = {"knn": {"classifier": classifier, "classes": [0, 1], "rows": rows}}
    facts = {"recipe": "gist"}
    return Model("nearest", ("a", "b"), steps, artifacts, {"integer": (0.0, 4095.0)}, (), facts)


@pytest.fixture
def file(model, tmp_path):
    save_model(model, tmp_path / "nearest.strata")
    return tmp_path / "nearest.strata"


def entries(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def altered(path, change, artifact=None):
    """The file with a changed `model.json` (or other entry), its checksums right again."""
    found = entries(path)
    values = {name: json.loads(data) for name, data in found.items() if name.endswith(".json")}
    change(values["model.json"] if artifact is None else values["artifacts/00-knn.json"])
    with container_writer(path) as add:
        digests = {}
        for name, data in found.items():
            if name == "model.json":
                continue
            digests[name] = add(name, json.dumps(values[name]).encode() if name in values else data)
        add("model.json", json.dumps({**values["model.json"], "digests": digests}).encode())
    return path


def test_a_model_is_the_same_after_a_journey(model, file):
    found = load_model(file)
    assert found.name == "nearest"
    assert found.classes == ("a", "b")
    assert found.facts == {"recipe": "gist"}
    assert found.value_ranges == {"integer": (0.0, 4095.0)}
    assert found.predict(IMAGES).tolist() == ["a", "b", "b"]
    np.testing.assert_array_equal(found.predict_proba(IMAGES), model.predict_proba(IMAGES))
    pickled = pickle.dumps(found)
    assert len(pickled) < 4000
    again = pickle.loads(pickled)
    np.testing.assert_array_equal(again.predict_proba(IMAGES), model.predict_proba(IMAGES))


def test_arrays_can_be_read_by_anyone(file):
    content = entries(file)
    found = safetensors.numpy.load(content["artifacts/00-knn.safetensors"])
    assert found["rows"].shape == (3, 128)
    assert json.loads(content["model.json"])["schema"] == 1


def test_loading_needs_neither_torch_nor_the_estimators(file):
    code = f"""
import sys
from strata.pipeline.prediction.model_file import load_model
model = load_model({str(file)!r})
print(len(model.steps), [m for m in ("torch", "sklearn", "cv2") if m in sys.modules])
import numpy as np
print(model.predict([np.zeros((40, 40, 3), np.uint8)]).shape, "torch" in sys.modules)
"""
    environment = {**os.environ, "HOME": str(file.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, cwd=file.parent, env=environment,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["2 []", "(1,) False"], done.stderr


def test_a_model_says_in_a_line_what_it_is(file):
    assert repr(load_model(file)) == "<Model 'nearest': 2 classes, 2 steps>"


@pytest.mark.parametrize("schema", [0, 999, "1", None, True, 1.0])
def test_files_of_other_versions_are_refused_with_a_sentence(file, schema):
    altered(file, lambda d: d.update(schema=schema, versions={"strata": "7.0"}))
    with pytest.raises(
        InputError, match=r"is a model file of version .* reads version 1"
    ) as caught:
        load_model(file)
    assert "(strata 7.0)" in caught.value.what
    hint = "Update strata" if schema == 999 else "Export the method again"
    assert hint in caught.value.hint


def step_of(stage, **others):
    return lambda d: d["steps"].insert(
        0, {"stage": stage, "parameters": {}, "inputs": [], **others}
    )


POISONED = {
    "a system call": step_of("os:system", inputs=["touch evil"]),
    "a file beside it": step_of("evil.py:run"),
    "a module in the way": step_of("strata.pipeline.stages.evil:run"),
    "a helper of a stage": step_of(f"{STAGES}.classifiers:fitted_with"),
    "an import of a stage": step_of(f"{STAGES}.classifiers:np"),
    "another part of the program": step_of("strata.files:write_atomic"),
    "no address": step_of(""),
    "a number": step_of(3),
    "odd parameters": lambda d: d["steps"][0]["parameters"].update(image_size="evil"),
    "unknown parameters": lambda d: d["steps"][0]["parameters"].update(evil=1),
    "a later step": lambda d: d["steps"][0].update(inputs=[{"step": 1}]),
    "a step before all": lambda d: d["steps"][1].update(inputs=[{"shards": -1}]),
    "an absent artifact": lambda d: d["steps"][1].update(inputs=[{"artifact": "no"}]),
    "an odd input": lambda d: d["steps"][1].update(inputs=[{"file": "/etc/passwd"}]),
    "inputs of no kind": lambda d: d["steps"][1].update(inputs=[{}]),
    "no steps": lambda d: d.update(steps=[]),
    "steps of no kind": lambda d: d.update(steps=[1]),
    "an own module": lambda d: d.update(modules={"os": "os.py"}),
    "classes": lambda d: d.update(classes=[1]),
    "classes in one text": lambda d: d.update(classes="ab"),
    "no classes": lambda d: d.update(classes=[]),
    "a class without a name": lambda d: d.update(classes=["a", ""]),
    "a class twice": lambda d: d.update(classes=["a", "a"]),
    "ranges": lambda d: d.update(value_ranges={"integer": [0]}),
    "a range of nothing": lambda d: d.update(value_ranges={"integer": [0, float("nan")]}),
    "a range without end": lambda d: d.update(value_ranges={"integer": [0, float("inf")]}),
    "a range backwards": lambda d: d.update(value_ranges={"integer": [1, 0]}),
    "a key of nobody's": lambda d: d.update(z=1),
    "true for a step": lambda d: d["steps"][1].update(inputs=[{"shards": False}]),
    "images that are 1": lambda d: d["steps"][0].update(inputs=[{"images": 1}]),
    "a list": lambda d: d.update(artifacts=[]),
    "facts": lambda d: d.update(facts=3),
    "no name": lambda d: d.pop("name"),
}


@pytest.mark.parametrize("change", POISONED.values(), ids=POISONED)
def test_a_poisoned_file_runs_nothing(file, change, monkeypatch):
    monkeypatch.chdir(file.parent)
    evil = "from pathlib import Path\nPath('ran').touch()\ndef run(*_): pass\n"
    for name in ("evil.py", "os.py"):
        (file.parent / name).write_text(evil)
    altered(file, change)
    begun = time.perf_counter()
    with pytest.raises(InputError, match=r"nearest\.strata"):
        load_model(file)
    assert time.perf_counter() - begun < 1
    (file.parent / "mine.py").write_text("x = 1\n")
    with pytest.raises(InputError, match=r"nearest\.strata"):
        load_model(file, [file.parent / "mine.py"])
    assert not (file.parent / "ran").exists()


def test_a_key_that_is_there_twice_is_refused(file):
    found = entries(file)
    document = found.pop("model.json")
    with container_writer(file) as add:
        for name, data in found.items():
            add(name, data)
        add("model.json", b'{"name": "other",' + document[1:])
    with pytest.raises(InputError, match="a key is there twice"):
        load_model(file)


LEARNING = [
    "encodings:visual_words",
    "encodings:fisher_vectors",
    "encodings:vlad",
    "reductions:standardize",
    "reductions:pca",
    "reductions:nystroem",
    "classifiers:svm",
    "networks:train_network",
    "networks:network_at_size",
    "networks:soft_labels",
    "fusion:fit_weights",
    "joins:kernel_weights",
    "joins:node_weights",
    "search:select_trial",
    "fine_tuning:split_backbone",
    "pretrained:pretrained",
    "predictions:predictions",
]


@pytest.mark.parametrize("stage", LEARNING)
def test_stages_that_learn_are_refused(file, stage):
    altered(file, step_of(f"{STAGES}.{stage}"))
    with pytest.raises(InputError, match=rf"its step '{stage.split(':')[1]}' does not predict"):
        load_model(file)


def test_the_last_step_gives_scores(file):
    altered(file, lambda d: d["steps"].pop())
    with pytest.raises(InputError, match=r"'gist_descriptor' gives no scores.*role: vectors"):
        load_model(file)


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        ("networks:resize", "size"),
        ("global_descriptors:gist_descriptor", "image_size"),
        ("pretrained:backbone_features", "image_size"),
        ("deep_descriptors:feature_map_descriptors", "image_size"),
        ("descriptors:dense_sift", "min_size"),
    ],
)
def test_images_of_a_gigabyte_are_refused(file, stage, name):
    def change(side):
        given = {"parameters": {name: side}, "inputs": [{"images": True}]}
        return lambda d: d["steps"].__setitem__(0, {"stage": f"{STAGES}.{stage}", **given})

    altered(file, change(4097))
    with pytest.raises(InputError, match=f"has {name} = 4097, and images of .* at most 4096"):
        load_model(file)
    altered(file, change(4096))
    assert load_model(file).steps[0].parameters[name] == 4096


def test_what_is_made_for_trainings_alone_is_left_out(file):
    given = {"parameters": {"n_copies": 60000, "mirror": False}, "inputs": [{"images": True}]}
    stage = {"stage": f"{STAGES}.fine_tuning:boundary_activations", **given}
    altered(file, lambda d: d["steps"].__setitem__(0, stage))
    parameters = load_model(file).steps[0].parameters
    assert (parameters["n_copies"], parameters["mirror"]) == (0, False)


CLASSES = {
    "twice": [0, 0],
    "none": [0, -1],
    "of others": [0, 2],
    "a number that is true": [0, True],
    "text": "01",
    "not as many": [0],
}


@pytest.mark.parametrize("classes", CLASSES.values(), ids=CLASSES)
def test_classes_of_a_classifier_are_those_of_the_file(file, classes):
    altered(file, lambda values: values.update(classes=classes), artifact="knn")
    with pytest.raises(InputError, match=r"artifacts/00-knn\.json: .*classes"):
        load_model(file).predict(IMAGES)


def test_a_classifier_of_more_classes_than_the_file_has_is_refused(file):
    altered(file, lambda d: d.update(classes=["a"]))
    with pytest.raises(InputError, match=r"classes \[0, 1\] are not among the 1 of the file"):
        load_model(file).predict(IMAGES)


def test_a_sentence_ends_once(file):
    altered(file, lambda v: v.update(classifier={"$": "estimator", "class": "os:system",
            "parameters": {}, "fitted": {}}), artifact="knn")  # fmt: skip
    with pytest.raises(InputError, match=r"no file can name\.\n"):
        load_model(file).predict(IMAGES)


def test_a_document_of_megabytes_is_refused_before_it_is_read(tmp_path):
    file = tmp_path / "long.strata"
    with zipfile.ZipFile(file, "w") as archive:  # stored: no bomb by its ratio
        archive.writestr("model.json", b'{"z": [' + b"[]," * 700_000 + b"[]]}")
    with pytest.raises(InputError, match=r"its model\.json has 21\d{5} bytes"):
        load_model(file)


ESTIMATORS = {
    "class": {"class": "subprocess:Popen"},
    "reduce": {"class": "sklearn.naive_bayes:GaussianNB"},
    "attribute": {"fitted": {"predict_proba": 1}},
    "parameter": {"parameters": {"metric_params": {}}},
    "callable": {"parameters": {"metric": {"$": "function", "name": "os:system"}}},
}


@pytest.mark.parametrize("change", ESTIMATORS.values(), ids=ESTIMATORS)
def test_a_poisoned_estimator_is_not_built(file, change):
    altered(file, lambda values: values["classifier"].update(change), artifact="knn")
    found = load_model(file)  # fitted parts are read when they are needed
    with pytest.raises(
        InputError, match=r"nearest\.strata is not a whole model file: artifacts/00"
    ):
        found.predict(IMAGES)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xff\xff\xff\0\0\0\0{}",  # a header of 4 GB
        b"\xff" * 8,
        b"",
        (200).to_bytes(8, "little") + b'{"a": {"dtype": "F32", "shape": [1',
        (62).to_bytes(8, "little")
        + b'{"a":{"dtype":"F64","shape":[99999999999],"data_offsets":[0,0]}}',
        pickle.dumps({"a": 1}),
    ],
    ids=["4 GB", "2**64", "empty", "cut", "huge shape", "pickle"],
)
def test_odd_arrays_are_refused_in_less_than_a_second(file, content):
    found = entries(file)
    found["artifacts/00-knn.safetensors"] = content
    document = json.loads(found.pop("model.json"))
    with container_writer(file) as add:
        document["digests"] = {name: add(name, data) for name, data in found.items()}
        add("model.json", json.dumps(document).encode())
    begun = time.perf_counter()
    with pytest.raises(
        InputError, match=r"nearest\.strata is not a whole model file: artifacts/00"
    ):
        load_model(file).predict(IMAGES)
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize("content", [b"[" * 100_000, b"\xff", b"[]", b"3", b'{"schema": 1}', b""])
def test_odd_documents_are_refused(tmp_path, content):
    file = tmp_path / "odd.strata"
    with container_writer(file) as add:
        add("model.json", content)
    with pytest.raises(InputError, match=r"odd\.strata"):
        load_model(file)


@pytest.fixture(scope="module")
def content(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("flips") / "flipped.strata"
    save_model(model, path)
    return path.read_bytes(), path


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_predicts_the_same(content, model, data):
    whole, path = content
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 2))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(damaged[: data.draw(st.sampled_from([len(whole), len(whole) // 2]))])
    try:
        scores = load_model(path).decision_function(IMAGES[:1])
    except InputError as error:
        assert "flipped.strata" in error.what  # noqa: PT017
        return
    np.testing.assert_array_equal(scores, model.decision_function(IMAGES[:1]))


RECIPES = """
import numpy as np
from strata.pipeline.graph.decorators import shard_stage, stage

class Brightness:
    def __init__(self, scale): self.scale = scale

@shard_stage
def gray(images, *, power: float = 1.0):
    return {"vectors": np.stack([i.mean(axis=(0, 1)) ** power for i in images])}

@stage
def nearest(vectors, fitted, test):
    x = vectors.rows("vectors", test) * fitted["brightness"].scale
    return {"scores": x[:, :2]}
"""


@pytest.fixture
def own_file(tmp_path):
    """A model with stages and an estimator of a user's own."""
    return written_by(tmp_path / "first" / "mine.py", tmp_path / "mine.strata")


def written_by(recipes, path, others=()):
    recipes.parent.mkdir(exist_ok=True)
    recipes.write_text(RECIPES)
    module = import_from(user_module(recipes), recipes)
    steps = (
        PredictionStep(f"{module.__name__}:gray", {"power": 2.0}, [{"images": True}]),
        PredictionStep(
            f"{module.__name__}:nearest", {}, [{"shards": 0}, {"artifact": "b"}, {"subset": True}]
        ),
    )
    artifacts = {"b": {"brightness": module.Brightness(np.float64(0.5))}}
    made = Model("mine", ("a", "b"), steps, artifacts, modules=(*others, recipes))
    save_model(made, path)
    return path, made, recipes


def test_a_users_own_stages_need_their_file(own_file):
    path, made, recipes = own_file
    with pytest.raises(InputError, match=r"the file 'mine\.py'") as caught:
        load_model(path)
    assert "--modules mine.py" in caught.value.hint
    for wrong in (["elsewhere.py"], [recipes.parent / "mine.py" / "x.py"]):
        with pytest.raises(InputError, match="There is no file of recipes"):
            load_model(path, wrong)
    moved = recipes.parent.parent / "mine.py"
    moved.write_text(RECIPES)
    for given_file in (recipes, moved):
        found = load_model(path, [given_file])
        np.testing.assert_array_equal(
            found.decision_function(IMAGES), made.decision_function(IMAGES)
        )
        again = pickle.loads(pickle.dumps(found))
        assert again.predict(IMAGES).tolist() == made.predict(IMAGES).tolist()


@pytest.mark.parametrize("name", ["my-own recipes.py", "m_1.py"])
def test_files_of_any_name_are_found_again(tmp_path, name):
    path, made, recipes = written_by(
        tmp_path / "other" / name, tmp_path / "m.strata", [tmp_path / "m.py", tmp_path / "my.py"]
    )
    found = load_model(path, [recipes])
    assert found.predict(IMAGES).tolist() == made.predict(IMAGES).tolist()


def test_another_file_of_the_same_name_has_not_the_stages(own_file, tmp_path):
    path, _, _ = own_file
    (tmp_path / "mine.py").write_text("x = 1\n")
    with pytest.raises(InputError, match=r"mine\.strata .* its step 'recipes_mine"):
        load_model(path, [tmp_path / "mine.py"])


def test_nothing_but_known_values_is_written(model, tmp_path):
    odd = Model("odd", model.classes, model.steps, {"knn": {"classifier": object()}})
    with pytest.raises(InputError, match=r"a model file cannot hold a builtins\.object"):
        save_model(odd, tmp_path / "odd.strata")
    assert not list(tmp_path.iterdir())


def test_a_step_that_was_removed_is_no_damage(file):
    """Neither is one of a module that this version has not."""
    for stage in ("fusion:stack_scores", "removed:scores"):
        altered(file, step_of(f"{STAGES}.{stage}"))
        with pytest.raises(InputError, match=rf"was made by another version.*{stage}") as caught:
            load_model(file)
        assert "Export the method again" in caught.value.hint
    altered(file, lambda d: d["versions"].update(strata="0.0.7"))
    with pytest.raises(InputError, match=r"another version of strata \(strata 0\.0\.7\)"):
        load_model(file)


@pytest.mark.parametrize(
    ("backbone", "node", "older"),
    [
        ("timm:test_vit", "blocks.5", True),
        ("swin_t", "features", True),
        ("squeezenet1_1", "features.6", False),
        ("timm:test_vit", "head_drop", False),
    ],
)
def test_features_that_were_pooled_in_another_way_are_refused(
    model, tmp_path, backbone, node, older
):
    """Files without `tokens` are older; those of maps and vectors mean what they meant."""
    if backbone.startswith("timm:"):
        pytest.importorskip("timm")
    features = PredictionStep(
        f"{STAGES}.pretrained:backbone_features",
        {"nodes": [node]},
        [{"images": True}, {"artifact": "network"}],
    )
    artifacts = {**model.artifacts, "network": {"backbone": backbone}}
    path = tmp_path / "deep.strata"
    save_model(Model("deep", model.classes, (features, model.steps[1]), artifacts), path)
    if older:
        with pytest.raises(InputError, match=r"made by an older strata.*another way") as caught:
            load_model(path)
        assert "Export the method again" in caught.value.hint
    else:
        assert load_model(path).steps[0].parameters["tokens"] == "auto"
    newer = replace(features, parameters={"nodes": [node], "tokens": "patches"})
    save_model(Model("deep", model.classes, (newer, model.steps[1]), artifacts), path)
    assert load_model(path).steps[0].parameters["tokens"] == "patches"
