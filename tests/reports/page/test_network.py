"""The page's parts on networks: training, layers, and from scratch against transfer."""

import re
from dataclasses import replace

import pytest

from strata.reports import analyze
from strata.reports.exports.layer_table import layer_cells
from strata.reports.model.pretrained import PretrainedNetwork
from strata.reports.model.results import Cost, LayerRow, MethodResult
from strata.reports.page import page_html, pictures_for
from strata.reports.page.network import loss_sentence
from strata.reports.page.validation_curves import validation_section
from tests.reports import synthetic


def page(comparison):
    analysis = analyze(comparison)
    return page_html(analysis, pictures_for(analysis, synthetic.picture))


def with_network(**fields):
    """Three methods, of which the network has other fields."""
    whole = synthetic.three(per_class=8)
    return replace(whole, methods=[*whole.methods[:2], replace(whole.methods[2], **fields)])


def transferred(quality=3.2, gain=0.1):
    """A network from scratch, and a pretrained one whose accuracies are higher by a constant."""
    whole = synthetic.three(per_class=8)
    scratch = whole.methods[2]
    histories = [
        [{**e, "validation_accuracy": e["validation_accuracy"] + gain} for e in history]
        for history in scratch.histories
    ]
    tuned = replace(scratch, name="tuned", histories=histories, begins="pretrained")
    return replace(whole, methods=[*whole.methods, tuned])


@pytest.mark.parametrize(
    ("watched", "sentence"),
    [
        ("heldout", "of the fold's held-out images, which are only watched"),
        ("validation", "of a part of the training images that is held out for early stopping"),
    ],
)
def test_the_page_says_what_was_watched(watched, sentence):
    assert sentence in page(with_network(watched=watched)).replace("&#39;", "'")


def test_nothing_is_said_of_curves_that_are_not_there():
    assert "Validation curves are" not in page(with_network(watched=""))


def test_the_page_says_what_the_training_loss_holds():
    given = {"network": {"label_smoothing": 0.1, "loss": {"name": "center"}}}
    text = page(with_network(parameters=given))
    heads = "the weighted losses of the auxiliary heads"
    assert f"includes label smoothing (0.1), {heads} and the center loss." in text
    assert "includes" not in loss_sentence(MethodResult("a", "r", histories=[[{"loss": 1.0}]]))


def test_pretraining_and_weights_of_branches_are_on_the_page():
    errors = [{"block1": [0.8, 0.4], "block2": [0.5, 0.3]}] * 2
    weights = {"sift": [0.25, 0.75], "color": [0.75, 0.25]}
    text = page(with_network(pretraining=errors, unlabeled=20, branch_weights=weights))
    assert "training images and 20 images without labels" in text
    assert "reconstruction error by epoch and layer" in text
    row = '<td class="number">0.500</td><td class="number">0.250–0.750</td>'
    assert f'<tr><th scope="row">sift</th>{row}</tr>' in text
    assert "Pretraining without labels" not in page(synthetic.three(per_class=8))


def test_the_weights_of_a_fusion_have_a_row_for_each_method():
    text = page(with_network(method_weights={"fisher": [0.9, 0.8], "knn": [0.1, 0.2]}))
    row = '<td class="number">0.850</td><td class="number">0.800–0.900</td>'
    assert f'<tr><th scope="row">fisher</th>{row}</tr>' in text
    assert "Weights of the methods" in text
    assert "Weights of the branches" not in text


def test_the_weights_of_nodes_are_not_those_of_branches():
    text = page(with_network(node_weights={"layer3": [0.9, 0.8], "layer4": [0.1, 0.2]}))
    assert "Weights of the nodes" in text
    assert "part of the vectors in their dot product" in text
    assert "cosine similarity" not in text
    assert "Weights of the branches" not in text


def test_layers_have_a_row_each():
    text = page(synthetic.three(per_class=8))
    (table,) = re.findall(r'<table class="small tight layers">.*?</table>', text, re.S)
    assert table.count("<tr>") == 1 + len(synthetic.layers())
    assert "64 × 16 × 16" in table
    assert "4 layers" in text


def test_a_layer_without_weights_has_empty_cells():
    row = LayerRow("block1", "MaxPool2d", (8, 4, 4), (2, 2), receptive_field=(4, 4))
    assert layer_cells(row) == ["block1", "MaxPool2d", "8 × 4 × 4", "2 × 2", "", "", "", "4 × 4"]


def test_trained_and_frozen_parameters_and_their_ratio_to_accuracy():
    """As Lorente, Riera and Rana count it: 0.884 with 98,712 parameters is 0.90."""
    cost = Cost(parameters=98_712, trainable=8_712, frozen=90_000)
    comparison = with_network(cost=cost)
    accuracy = analyze(comparison).ranking
    (row,) = [r for r in accuracy.rows if r.method.name == "tinynet"]
    text = page(comparison)
    ratio = row.evaluations["cv"].accuracy * 1e5 / 98_712
    assert f"<dt>Accuracy × 10⁵ / parameters</dt><dd>{ratio:.3g}" in text
    assert "<dt>Trained parameters</dt><dd>8\u202f712 <small>90.0 k frozen</small>" in text


def test_gains_of_transfer_are_measured_against_the_best_network_from_scratch():
    section = validation_section(analyze(transferred(gain=0.05)))
    (gain,) = section["gains"]
    assert (gain["name"], gain["rival"]) == ("tuned", "tinynet")
    assert gain["start"] == gain["asymptote"] == "+5.0 (higher)"
    assert gain["slope"] == "+0.0 (equal)"
    assert section["drawing"].count('<path class="line"') == 1
    assert section["drawing"].count('<path class="line warm"') == 1
    assert 'id="validation"' in page(transferred())


def test_gains_are_measured_against_the_same_architecture_first():
    whole = transferred()
    scratch, tuned = whole.methods[2:]
    histories = [
        [{**e, "validation_accuracy": min(1.0, e["validation_accuracy"] + 0.05)} for e in history]
        for history in scratch.histories
    ]
    better = replace(scratch, name="other", layers=scratch.layers[:2], histories=histories)
    methods = [*whole.methods[:2], scratch, better, tuned]
    (gain,) = validation_section(analyze(replace(whole, methods=methods)))["gains"]
    assert (gain["rival"], gain["why"]) == ("tinynet", "same architecture")
    (gain,) = validation_section(analyze(replace(whole, methods=[*methods[:2], better, tuned])))[
        "gains"
    ]
    assert (gain["rival"], gain["why"]) == ("other", "another architecture")


def test_networks_pretrained_without_labels_do_not_begin_from_scratch():
    whole = transferred()
    tuned = replace(whole.methods[3], begins="unsupervised")
    section = validation_section(analyze(replace(whole, methods=[*whole.methods[:3], tuned])))
    assert {row["name"]: row["begins"] for row in section["rows"]} == {
        "tinynet": "scratch",
        "tuned": "pretraining without labels",
    }
    assert [gain["name"] for gain in section["gains"]] == ["tuned"]


def test_curves_of_different_images_are_not_compared():
    whole = transferred()
    other = replace(whole.methods[3], watched="validation")
    section = validation_section(analyze(replace(whole, methods=[*whole.methods[:3], other])))
    assert section["gains"] == []


def test_one_network_alone_has_no_section():
    comparison = synthetic.three(per_class=8)
    assert validation_section(analyze(comparison)) is None
    assert 'id="validation"' not in page(comparison)


def test_pretrained_weights_have_a_table_in_the_section_of_their_method():
    network = PretrainedNetwork("resnet50", "file", address="a&b.pth", license="mine")
    text = page(with_network(pretrained=[network]))
    assert text.count("<h4>Pretrained weights</h4>") == 1
    assert "<dt>weights</dt><dd>file a&amp;b.pth</dd>" in text
    assert "<dt>trained on</dt><dd>not known</dd>" in text
