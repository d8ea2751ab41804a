"""The real weights: whole, put to a few of the eight outdoor scene categories."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

from strata.digest import file_digest
from strata.features.encodings.fisher_vectors import FisherVectors
from strata.models.transfer import backbones, weights
from strata.models.transfer.backbone_features import BackboneFeatures
from strata.pipeline.graph.inputs import ImageShard
from strata.pipeline.stages.deep_descriptors import feature_map_descriptors
from strata.pipeline.stages.pretrained import pretrained, weights_file
from strata.pipeline.stages.serialize import of_shard

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
    path = weights.obtain_weights(name, str(SHARED / "weights"))
    assert weights.weights_digest(path) == DIGESTS[name]
    network = backbones.build(name, weights.read_weights(path.read_bytes(), str(path)))
    assert all(p.isfinite().all() for p in network.parameters())


#: Nine images of each of four classes; the first four are to learn from.
PATHS = [
    path
    for name in ("coast", "forest", "highway", "tallbuilding")
    for path in sorted((SHARED / "data" / "mit8" / name).glob("*.jpg"))[:9]
]
LABELS = np.repeat(np.arange(4), 9)
TRAIN = np.arange(36) % 9 < 4


def accuracy(vectors):
    """Of a linear classifier of vectors, one an image of `PATHS`."""
    machine = LogisticRegression(C=10.0).fit(vectors[TRAIN], LABELS[TRAIN])
    return machine.score(vectors[~TRAIN], LABELS[~TRAIN])


def test_four_images_a_class_tell_four_classes_apart():
    images = [np.asarray(Image.open(path)) for path in PATHS]
    reader = BackboneFeatures("squeezenet1_1", weights=str(SHARED / "weights"), norm="l2")
    assert accuracy(reader.fit().transform(images)) >= 0.8


def test_so_do_fisher_vectors_of_its_last_map():
    file = weights_file("squeezenet1_1", str(SHARED / "weights"))
    network = pretrained.function(file, backbone="squeezenet1_1")
    shard = ImageShard("", tuple(map(file_digest, PATHS)), tuple(PATHS))
    local = of_shard(feature_map_descriptors.function(shard, network, node="features.12"))
    encoder = FisherVectors(n_components=4, n_dims=32, max_iter=10)
    encoder.fit([one for one, train in zip(local, TRAIN, strict=True) if train])
    assert accuracy(encoder.transform(local)) >= 0.8
