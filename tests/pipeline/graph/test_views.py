"""What is made whenever it is read: never in the store, and otherwise as if it were."""

import re

import pytest

from strata.pipeline.store.store import Store
from tests.pipeline.predicted import predictions_in
from tests.pipeline.project import BESIDE, predictions_of, rot

VIEW = """

from strata.pipeline.graph.decorators import view_stage

OFFSET = 0.0


@view_stage
def beside(*branches, factor: float = 1.0):
    import numpy as np

    parts = [np.asarray(b["vectors"]) * factor + OFFSET for b in branches]
    return {"vectors": np.concatenate(parts, axis=1)}


@recipe
def both(data: Data, fold: Fold, *, view: Options = beside.options()) -> Node:
    \"\"\"Two powers of mean colors.\"\"\"
    vectors = view(mean_color(data.images), mean_color(data.images, power=2.0))
    vectors = beside(vectors, mean_color(data.images))
    return distances(vectors, class_means(vectors, fold.train), fold.test)
"""


@pytest.fixture
def viewed(project):
    recipes = project.root / "toy_recipes.py"
    recipes.write_text(recipes.read_text() + VIEW)
    before, _, _ = project.file.read_text().partition("[methods")
    project.file.write_text(before + '[methods.both]\nrecipe = "both"\n')
    project.make()
    return project


def stages(project):
    store = Store(project.store)
    return {k: store.manifest(k)["stage"] for k in store.keys()}  # noqa: SIM118


def test_a_view_is_not_kept_and_its_readers_are(viewed):
    assert set(stages(viewed).values()) - BESIDE == {
        "mean_color", "class_means", "distances", "predictions",
    }  # fmt: skip
    assert "Nothing to be done" in viewed.make()


def test_what_a_kept_stage_would_have_made_comes_of_it(viewed):
    (before,) = predictions_of(viewed).values()
    recipes = viewed.root / "toy_recipes.py"
    recipes.write_text(recipes.read_text().replace("@view_stage", "@shard_stage"))
    viewed.make("--store", "other")
    assert "beside" in {
        Store(viewed.root / "other").manifest(k)["stage"]
        for k in Store(viewed.root / "other").keys()  # noqa: SIM118
    }
    (kept,) = predictions_of(viewed, viewed.root / "other").values()
    assert kept == before


def test_a_view_s_parameters_count_and_are_named(viewed):
    changed = ("--set", "both.view.factor=2.0")
    out = viewed.make("-n", *changed)
    made = dict(re.findall(r"would make  both: (\w+) \((\d+)\)", out))
    assert made == {"class_means": "4", "distances": "4", "predictions": "1"}
    why = viewed.strata("why", *changed).stdout
    assert "beside: the parameter 'factor' changed from 1.0 to 2.0." in why


def test_a_view_s_code_counts_and_is_named(viewed):
    recipes = viewed.root / "toy_recipes.py"
    recipes.write_text(recipes.read_text().replace("OFFSET = 0.0", "OFFSET = 1.0"))
    assert "recipes_toy_recipes.OFFSET changed" in viewed.strata("why").stdout
    assert "made 9 artifacts" in viewed.make()


def test_damage_behind_a_view_is_made_again(viewed):
    before = predictions_of(viewed)
    store = Store(viewed.store)
    for key, stage in stages(viewed).items():
        if stage == "mean_color":
            rot(store.folder(key), "vectors.npy")
        elif stage != "split":
            store.discard(key)
    assert "damaged in the store, made again" in viewed.make()
    assert predictions_of(viewed) == before


def test_new_images_go_through_a_view(viewed):
    out = viewed.strata("predict", "both", "images/blue/000.png", "--json")
    assert predictions_in(out)["images/blue/000.png"]["class"] == "blue"
    assert "beside" not in stages(viewed).values()
