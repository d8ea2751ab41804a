"""Facts of models: where pretrained weights come from, and no folders of the machine."""

from pathlib import Path

import pytest

from strata.models.transfer.zoos.packaged_weights import PACKAGES
from strata.pipeline.graph.inputs import File
from strata.pipeline.reporting.model_facts import _origin, _without_folders

LITE = PACKAGES["timm:tf_efficientnet_lite0"]


@pytest.mark.parametrize(
    ("file", "source", "terms"),
    [
        (File(None, "torchvision"), "https://download.pytorch.org/models/squeezenet", "ImageNet"),
        (File(Path("/home/me/mine.pth"), "ab" * 32), "mine.pth", "whoever made the file"),
        (File(Path("/lib/x.pth"), LITE.digest), LITE.module, "Apache-2.0"),
    ],
)
def test_the_origin_and_terms_of_weights_are_told(file, source, terms):
    found = _origin("squeezenet1_1", file)
    assert found["source"].startswith(source)
    assert terms in found["terms"]


def test_folders_of_the_machine_are_not_told():
    given = {"weights": "/home/me/w.pth", "of": ["a/b"], "descriptor": {"weights": "x/y.pth"}}
    assert _without_folders(given) == {
        "weights": "w.pth",
        "of": ["a/b"],
        "descriptor": {"weights": "y.pth"},
    }
