"""Every recipe and every stage it offers, from files to a report, in small."""

import json
import subprocess
import sys

import pytest
from PIL import Image

from strata.pipeline.recipes.registry import known_recipes
from tests.pipeline.predicted import predictions_in

FILE = """\
[data]
source = "scenes"
per_class = 14
size = 96

[protocol]
folds = 2
test = 0.25

[methods.sift]
recipe = "bovw"
descriptor.use = "sparse_sift"
codebook.n_words = 16
histogram = { pyramid = "horizontal", levels = 1 }
reduction.use = "standardize"
classifier = { use = "svm", kernel = "rbf", gamma = "cv" }

[methods.paper]
recipe = "bovw"
descriptor.use = "paper_sift"
codebook.n_words = 16
histogram = { pyramid = "paper", levels = 1, norm = "none" }
reduction = { use = "pca", n_components = 8 }
classifier.use = "knn"

[methods.daisy]
recipe = "bovw"
descriptor = { use = "dense_daisy", step = 16 }
codebook.n_words = 16
histogram.pyramid = "none"
reduction = ["standardize", "lda"]
classifier.use = "logistic"

[methods.keypoints]
recipe = "vlad"
descriptor.use = "sparse_daisy"
codebook.n_words = 4

[methods.dense]
recipe = "vlad"
descriptor.step = 12
codebook.n_words = 4

[methods.fisher_color]
shape.step = 12
shape_mixture = { n_components = 4, n_dims = 16 }
color.step = 16
color_mixture = { n_components = 4, n_dims = 16 }
weights = [0.6, 0.4]

[methods.gist]

[methods.together]
recipe = "fusion"
of = ["dense", "fisher_color", "daisy"]
combination = { use = "average_scores", weights = [2, 1, 1] }

[methods.beside]
recipe = "early_fusion"
of = ["dense", "daisy", "gist"]
join.weights = [0.7, 0.2, 0.1]

[methods.learned]
recipe = "early_fusion"
of = ["dense", "daisy", "gist"]
join.weights = "cv"

[methods.stacked]
recipe = "fusion"
of = ["dense", "daisy"]
combination.inner_folds = 2
"""


def strata(folder, *arguments):
    command = [sys.executable, "-m", "strata", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipes")
    (folder / "strata.toml").write_text(FILE)
    done = strata(folder, "make", "-j", "2", "-k")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_method_scores_better_than_chance(made):
    results = json.loads(next(made.glob("out/*/results.json")).read_text())
    assert len(results["methods"]) == 11
    for method in results["methods"]:
        assert method["error"] is None
        assert method["cv"]["accuracy"] > 1 / 8, method["name"]


@pytest.mark.parametrize(
    ("method", "stages"),
    [
        (
            "sift",
            [
                "sparse_sift",
                "visual_words",
                "bag_of_words",
                "standardize",
                "apply_reduction",
                "svm",
            ],
        ),
        ("paper", ["paper_sift", "visual_words", "bag_of_words", "pca", "apply_reduction", "knn"]),
        (
            "daisy",
            [
                "dense_daisy",
                "visual_words",
                "bag_of_words",
                "standardize",
                "lda",
                "apply_reduction",
                "logistic",
            ],
        ),
        ("dense", ["dense_sift", "vlad", "svm"]),
        ("gist", ["gist_descriptor", "nystroem", "apply_reduction", "svm"]),
    ],
)
def test_a_method_is_made_of_what_its_table_says(made, method, stages):
    results = json.loads(next(made.glob("out/*/results.json")).read_text())
    (found,) = [m for m in results["methods"] if m["name"] == method]
    names = {stage["name"] for stage in found["stages"]}
    assert names - {"encode", "class_scores", "predictions"} == set(stages)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("beside.of=['dense', 'together']", "'together' does not classify vectors"),
        ("beside.of=['dense']", "Two or more methods"),
    ],
)
def test_early_fusion_takes_methods_that_classify_vectors(made, settings, message):
    done = strata(made, "make", "-n", "--set", settings)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_stack_predicts_images_of_its_own(made):
    image = next(made.glob(".strata/data/scenes-*/coast/*"))
    done = strata(made, "predict", "stacked", str(image))
    assert done.returncode == 0, done.stderr
    assert image.name in done.stdout


def test_a_white_wall_gets_no_class_from_who_sees_nothing_of_it(made, tmp_path):
    wall, image = tmp_path / "wall.png", next(made.glob(".strata/data/scenes-*/coast/*"))
    Image.new("RGB", (96, 96), "white").save(wall)
    done = strata(made, "predict", "dense", str(wall), str(image), "--json")
    found = predictions_in(done)
    assert done.returncode == 2
    assert "no descriptors" in found[str(wall)]["problem"]
    assert "class" in found[str(image)]
    told = strata(made, "predict", "sift", str(wall))
    assert told.returncode == 2
    assert "no descriptors" in told.stdout
    found = predictions_in(strata(made, "predict", "gist", str(wall), "--json"))
    assert found[str(wall)]["flat"]
    assert "class" in found[str(wall)]


def test_what_a_fusion_is_made_of_must_be_there(made):
    for of, message in (
        ("['dense', 'dais']", "Did you mean 'daisy'?"),
        ("['dais']", "Did you mean 'daisy'?"),
        ("['together', 'dense']", "made of itself"),
        ("['dense']", "Two or more methods"),
    ):
        done = strata(made, "make", "-n", "--set", f"together.of={of}")
        assert done.returncode == 2
        assert message in done.stdout + done.stderr
        assert "methods.together" in done.stderr or "itself" in done.stderr


def test_two_files_of_one_name_have_recipes_of_their_own(tmp_path):
    text = "from strata.pipeline.graph.recipe import recipe\n@recipe\ndef {}(data, fold): ...\n"
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(text.format(f"of_{folder}"))
        assert f"of_{folder}" in known_recipes(tmp_path / folder / "mine.py")
    assert "of_b" not in known_recipes(tmp_path / "a" / "mine.py")
