"""Every recipe can leave: its file alone gives the scores that the store gives, bit for bit."""

import hashlib
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from strata.image_io import read_image
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.prediction.batch import in_batches
from strata.pipeline.prediction.model_file import load_model, save_model
from strata.pipeline.recipes.registry import known_recipes
from tests.pipeline.prediction.every_recipe import (
    BACKBONE,
    FILE,
    made_model,
    other_images,
    random_weights,
)
from tests.pipeline.project import write_images

TOY = Path(__file__).parents[1] / "toy_recipes.py"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    root = tmp_path_factory.mktemp("every")
    write_images(root / "images", per_class=10)
    other_images(root / "others")
    random_weights(root / "weights", BACKBONE)
    shutil.copy(TOY, root)
    file = root / "strata.toml"
    file.write_text(FILE.replace('"weights/', f'"{root}/weights/'))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield Workspace.at(file, [], None, None, 1, False)
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def exported(workspace, tmp_path_factory):
    """Models by the store, their scores of some images, and their files; the store is gone."""
    folder = tmp_path_factory.mktemp("elsewhere")
    files = sorted((workspace.experiment.folder / "images").rglob("*.png"))
    images = [*(read_image(file) for file in files[::5]), read_image(files[0])[:20]]
    scored = {}
    for target in workspace.targets:
        model = made_model(workspace, target.name)
        scored[model.name] = [model.scored(batch) for batch in in_batches(images)]
        save_model(model, folder / f"{model.name}.strata")
    shutil.move(workspace.experiment.folder, folder / "moved")
    shutil.rmtree(folder / "moved")
    return folder, images, scored


def test_each_recipe_is_here(workspace):
    used = {target.recipe.name for target in workspace.targets}
    assert used >= known_recipes().keys() - {"inception"}


@pytest.mark.parametrize(
    "name", [line[9:-1] for line in FILE.split("\n") if line[:9] == "[methods."]
)
def test_the_file_gives_the_same_scores(exported, name):
    folder, images, scored = exported
    shutil.copy(TOY, folder)
    modules = [folder / TOY.name] if name == "colors" else []
    model = load_model(folder / f"{name}.strata", modules)
    for batch, before in zip(in_batches(images), scored[name], strict=True):
        after = model.scored(batch)
        np.testing.assert_array_equal(after.scores, before.scores, strict=True)
        assert (after.probabilities is None) == (before.probabilities is None)
        if before.probabilities is not None:
            np.testing.assert_array_equal(after.probabilities, before.probabilities)
        assert after.undescribed.tolist() == before.undescribed.tolist()


def test_no_file_holds_a_pickle_or_a_path(exported):
    folder, _, _ = exported
    for file in folder.glob("*.strata"):
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                content = archive.read(name)
                assert name.endswith((".json", ".safetensors"))
                assert b"sklearn\n" not in content
                assert b"PK\x03\x04" not in content[:100]
                assert b"/every" not in content, file.name


def test_the_same_model_gives_the_same_file(exported):
    folder, _, _ = exported
    for name in ("bovw", "tinynet", "gist_knn"):
        file = folder / f"{name}.strata"
        again = folder / f"{name}-again.strata"
        save_model(load_model(file), again)
        first, second = (hashlib.sha256(f.read_bytes()).hexdigest() for f in (file, again))
        assert first == second
