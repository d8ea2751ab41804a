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
    for method in ("tinynet", "mlp", "patch_mlp", "deep_svm", "patch_words"):
        assert method in listed
    shapes = [
        artifact["scores"].shape
        for artifact in map(store.read, store.keys())
        if "repeat" in artifact and "scores" in artifact
    ]
    assert shapes == [(24, 3)] * 5


def test_networks_are_shared_between_methods(made):
    """`mlp` and `deep_svm`, `patch_mlp` and `patch_words` train one network a fold together."""
    store = Store(made / ".strata")
    histories = [a["history"] for a in map(store.read, store.keys()) if "history" in a]
    assert len(histories) == 2 * 3
    assert all(np.isfinite(line["loss"]) for history in histories for line in history)
