import re
from dataclasses import replace

import pytest

from strata.reports.comparison.ranking import rank
from strata.reports.exports.methods_paragraph import paragraph, references
from strata.reports.model.pretrained import PretrainedNetwork
from tests.reports import synthetic


def cases():
    whole = synthetic.three(per_class=16)
    return [
        ("all", whole),
        ("cv", replace(whole, methods=[replace(m, test=None) for m in whole.methods])),
        ("test", replace(whole, methods=[replace(m, cv=None) for m in whole.methods])),
        ("one", replace(whole, methods=whole.methods[:1])),
    ]


@pytest.mark.parametrize(("name", "comparison"), cases())
def test_every_citation_has_its_reference_and_the_other_way_round(name, comparison):
    text = paragraph(rank(comparison))
    cited = re.findall(r"\\cite\{(\w+)\}", text)
    listed = re.findall(r"@article\{(\w+),", references(text))
    assert cited == listed != []
    assert ("nadeau2003inference" in cited) == (name != "test")
    assert ("mcnemar1947note" in cited) == (name in ("all", "test"))
    assert ("holm1979simple" in cited) == (name != "one")


def test_the_paragraph_has_the_figures_of_the_protocol():
    text = paragraph(rank(synthetic.three()))
    for figure in ("8-fold", "480 images", "240 held-out test images", "8 classes"):
        assert figure in text


def test_names_are_escaped():
    whole = synthetic.three(per_class=16)
    methods = [replace(m, name=f"{m.name}_50%") for m in whole.methods]
    text = paragraph(rank(replace(whole, methods=methods)))
    assert r"fisher\_50\%" in text


def test_pretrained_weights_are_named_with_their_training_data():
    whole = synthetic.three(per_class=16)
    network = PretrainedNetwork(
        "resnet50", "torchvision", "ResNet50_Weights.IMAGENET1K_V2", training_data=["ImageNet-1k"]
    )
    methods = [replace(method, pretrained=[network]) for method in whole.methods]
    text = paragraph(rank(replace(whole, methods=methods)))
    assert text.count(r"ResNet50\_Weights.IMAGENET1K\_V2 (ImageNet-1k)") == 1
    assert "retrained" not in paragraph(rank(whole))
