"""Model files of methods on real images, with real weights: 50 images get the same scores."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from strata.image_io import read_image
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.prediction.model_file import load_model, save_model
from tests.pipeline.prediction.every_recipe import made_model

SHARED = Path(__file__).resolve().parents[3] / "shared"
MIT8 = SHARED / "data" / "mit8"
pytestmark = pytest.mark.skipif(
    not (MIT8.is_dir() and (SHARED / "weights").is_dir()),
    reason="images and weights are not beside the project",
)

FILE = f"""
[data]
source = "images"
near_duplicates = false
[protocol]
folds = 2
test = 0.25
[methods.fisher]
mixture = {{ n_components = 16, n_dims = 32 }}
[methods.inception]
weights = "{SHARED}/weights/inception_v3.pth"
blocks.image_size = 139
training = {{ epochs = 1, head_epochs = 1 }}
[methods.deep_features]
backbone = "squeezenet1_1"
weights = "{SHARED}/weights/squeezenet1_1.pth"
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Eight images of each of four classes."""
    root = tmp_path_factory.mktemp("mit8")
    for name in ("coast", "forest", "highway", "tallbuilding"):
        (root / "images" / name).mkdir(parents=True)
        for path in sorted((MIT8 / name).glob("*.jpg"))[:8]:
            shutil.copy(path, root / "images" / name)
    (root / "strata.toml").write_text(FILE)
    return Workspace.at(root / "strata.toml", [], None, None, 1, False)


@pytest.mark.parametrize("name", ["fisher", "inception", "deep_features"])
def test_fifty_images_get_the_same_scores_without_the_store(workspace, tmp_path, name):
    images = [read_image(path) for path in sorted(MIT8.glob("*/*.jpg"))[::37][:50]]
    model = made_model(workspace, name)
    before = model.predict_proba(images)
    save_model(model, tmp_path / "model.strata")
    store = workspace.store.root
    store.rename(tmp_path / "gone")
    try:
        after = load_model(tmp_path / "model.strata").predict_proba(images)
    finally:
        (tmp_path / "gone").rename(store)
    np.testing.assert_array_equal(after, before, strict=True)
    assert len(after) == 50
