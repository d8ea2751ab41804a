"""Facts of pretrained networks in words."""

from dataclasses import replace

from strata.reports.exports.pretrained_text import pretrained_facts, sentence
from strata.reports.model.pretrained import PretrainedNetwork

NETWORK = PretrainedNetwork(
    "timm:convnext_tiny.in12k_ft_in1k",
    source="timm",
    weights="convnext_tiny.in12k_ft_in1k",
    address="https://huggingface.co/x",
    license="apache-2.0",
    training_data=["ImageNet-12k", "ImageNet-1k"],
    image_size=448,
    own_image_size=224,
)


def test_facts_of_published_weights():
    assert pretrained_facts(NETWORK) == {
        "weights": "timm convnext_tiny.in12k_ft_in1k, https://huggingface.co/x",
        "trained on": "ImageNet-12k, then ImageNet-1k",
        "images": "448 x 448 (made for 224 x 224)",
        "license": "apache-2.0",
    }


def test_a_file_only_stands_for_them():
    file = replace(
        NETWORK, source="file", address="x.pth", sha256="ab" * 32, is_assumed=True, image_size=224
    )
    facts = pretrained_facts(file)
    assert facts["weights"] == "file x.pth, sha256 abababababab"
    assert facts["trained on"].endswith("if the file holds convnext_tiny.in12k_ft_in1k")
    assert facts["images"] == "224 x 224"


def test_what_is_unknown_is_said():
    assert sentence(PretrainedNetwork("x", "file", address="x.pth")) == (
        "x: weights: file x.pth; trained on: not known"
    )
