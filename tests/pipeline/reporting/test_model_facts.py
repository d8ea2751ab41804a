"""Facts of models: where pretrained weights come from, and no folders of the machine."""

from strata.pipeline.reporting.model_facts import _origin, _without_folders
from strata.reports.model.pretrained import PretrainedNetwork


def test_origin_terms_and_training_data_of_weights_are_told():
    network = PretrainedNetwork(
        "resnet50", "file", "ResNet50_Weights.IMAGENET1K_V2", "mine.pth", "ab" * 32, "theirs",
        ["ImageNet-1k"], is_assumed=True, image_size=224,
    )  # fmt: skip
    assert _origin(network) == {
        "backbone": "resnet50",
        "source": "mine.pth",
        "terms": "theirs",
        "weights": "ResNet50_Weights.IMAGENET1K_V2",
        "trained_on": "ImageNet-1k, if the file holds ResNet50_Weights.IMAGENET1K_V2",
        "image_size": 224,
        "sha256": "ab" * 32,
    }


def test_folders_of_the_machine_are_not_told():
    given = {"weights": "/home/me/w.pth", "of": ["a/b"], "descriptor": {"weights": "x/y.pth"}}
    assert _without_folders(given) == {
        "weights": "w.pth",
        "of": ["a/b"],
        "descriptor": {"weights": "y.pth"},
    }
