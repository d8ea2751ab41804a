"""Checks of what pretrained networks were trained on."""

from strata.reports.model.pretrained import PretrainedNetwork
from tests.reports.checks.asking import check, method

COAST = {"ImageNet-1k": {"coast": "seashore, coast"}}


def network(name="resnet50", **fields):
    return PretrainedNetwork(name, **{"training_data": ["ImageNet-1k"], **fields})


def test_classes_of_the_same_name_are_told_once_for_all_networks():
    both = [
        method("a", pretrained=[network(same_names=COAST)]),
        method("b", pretrained=[network("swin_t", same_names=COAST), network("vgg11")]),
    ]
    found = check("R20", *both)
    assert found.severity == "tip"
    (sentence,) = found.sentences
    assert sentence == (
        'ImageNet-1k has 1 of 8 classes by name: coast ("seashore, coast"). '
        "Trained on it: resnet50 and swin_t."
    )


def test_networks_without_namesakes_pass():
    assert check("R20", method(pretrained=[network()])).severity == "passed"
    assert check("R21", method(pretrained=[network()])).severity == "passed"


def test_images_of_the_web_are_said_with_care():
    found = check("R21", method(pretrained=[network("dinov2", web_data=["LVD-142M"])]))
    assert found.severity == "tip"
    assert "may hold public images" in found.sentences[0]
    assert "dinov2" in found.sentences[0]


def test_what_is_not_known_is_not_passed():
    for code in ("R20", "R21"):
        unknown = method(pretrained=[network(training_data=[])])
        assert check(code, unknown).severity == "not applicable"
        assert check(code, method()).severity == "not applicable"
