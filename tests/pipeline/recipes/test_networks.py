"""Networks from scratch as methods, from files to predictions, in small."""

import subprocess
import sys

import numpy as np
import pytest

from strata.pipeline.store.store import Store
from tests.pipeline.project import write_images

FILE = """\
[data]
source = "images"
near_duplicates = false

[protocol]
folds = 2
test = 0

[methods.tinynet]
images.size = 16

[methods.tinynet.network]
architecture = { name = "tinynet", widths = [4, 8] }
epochs = 2
patience = 2
validation_fraction = 0.3

[methods.mlp]
images.size = 8
network = { architecture = { name = "mlp", hidden = [8] }, epochs = 2 }

[methods.patch_mlp]
images.size = 16
network = { architecture = { name = "mlp", hidden = [8] }, epochs = 2, tta_views = 3 }

[methods.deep_svm]
images.size = 8
network = { architecture = { name = "mlp", hidden = [8] }, epochs = 2 }
features.layer = "hidden1"

[methods.patch_words]
images.size = 16
network = { architecture = { name = "mlp", hidden = [8] }, epochs = 2, tta_views = 3 }
descriptor.step = 4
codebook.n_words = 8
histogram.pyramid = "none"

[methods.gray]
recipe = "tinynet"
images = { size = 16, color = false }
test_size = 24
network = { architecture = { name = "tinynet", widths = [4] }, epochs = 1 }
"""


def strata(folder, *arguments):
    command = [sys.executable, "-m", "strata", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    write_images(folder / "images")
    (folder / "strata.toml").write_text(FILE)
    done = strata(folder, "make", "-j", "1", "-k")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_method_scores_every_image(made):
    listed = strata(made, "status").stdout
    store = Store(made / ".strata")
    for method in ("tinynet", "mlp", "patch_mlp", "deep_svm", "patch_words", "gray"):
        assert method in listed
    shapes = [
        artifact["scores"].shape
        for artifact in map(store.read, store.keys())
        if "repeat" in artifact and "scores" in artifact
    ]
    assert shapes == [(24, 3)] * 6


def test_networks_are_shared_between_methods(made):
    """`mlp` and `deep_svm`, `patch_mlp` and `patch_words` train one network a fold together."""
    store = Store(made / ".strata")
    histories = [a["history"] for a in map(store.read, store.keys()) if "history" in a]
    assert len(histories) == 2 * 3 + 2 * 2  # `gray` has each network at two sizes
    assert all(np.isfinite(line["loss"]) for history in histories for line in history)


def test_gray_images_in_one_channel_are_scored_at_another_size(made):
    store = Store(made / ".strata")
    networks = [a for a in map(store.read, store.keys()) if "layers" in a]
    gray = [a for a in networks if a["classifier"].channels_ == 1]
    assert sorted(a["classifier"].image_size for a in gray) == [16, 16, 24, 24]
    costs = {a["classifier"].image_size: a["multiply_adds"] for a in gray}
    assert costs[24] > 2 * costs[16]
    assert all(a["trainable_parameters"] == a["parameters"] for a in networks)
    page = (made / "out" / "strata" / "report.html").read_text("utf-8")
    assert "Grad-CAM" in page
    assert "Visualizations of the model" not in page  # the check that says what went wrong
    image = next((made / "images").rglob("*.png"))
    predicted = strata(made, "predict", "gray", str(image))
    assert predicted.returncode == 0, predicted.stderr
