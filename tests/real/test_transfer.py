"""The real weights: whole, put to a few of the eight outdoor scene categories."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

from strata.models import backbones, weights
from strata.models.features import BackboneFeatures

SHARED = Path(__file__).resolve().parents[3] / "shared"
pytestmark = pytest.mark.skipif(
    not (SHARED / "weights").is_dir(), reason="pretrained weights are not beside the project"
)

DIGESTS = {
    "inception_v3": "edb05a7a68df6072fa5c0739985ae7120b3d54fb48f9a1095864df85aafbd36b",
    "squeezenet1_1": "354e026f5a98a5f078825e8784c82616d781bedc554147138d032d91d52814b3",
}


@pytest.mark.parametrize("name", DIGESTS)
def test_the_files_hold_every_tensor(name):
    path = weights.obtain(name, str(SHARED / "weights"))
    assert weights.weights_digest(path) == DIGESTS[name]
    network = backbones.build(name, weights.read(path.read_bytes(), str(path)))
    assert all(p.isfinite().all() for p in network.parameters())


def test_four_images_a_class_tell_four_classes_apart():
    paths = [
        path
        for name in ("coast", "forest", "highway", "tallbuilding")
        for path in sorted((SHARED / "data" / "mit8" / name).glob("*.jpg"))[:9]
    ]
    images = [np.asarray(Image.open(path)) for path in paths]
    labels = np.repeat(np.arange(4), 9)
    reader = BackboneFeatures("squeezenet1_1", weights=str(SHARED / "weights"), norm="l2")
    vectors = reader.fit().transform(images)
    train = np.arange(36) % 9 < 4
    machine = LogisticRegression(C=10.0).fit(vectors[train], labels[train])
    assert machine.score(vectors[~train], labels[~train]) >= 0.8
