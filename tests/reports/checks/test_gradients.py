"""Vanishing and exploding gradients, in real small trainings and in made-up histories."""

import numpy as np
import pytest

from strata.models.estimators.network_classifier import NetworkClassifier
from strata.reports.page.network_diagnostics import diagnostics_drawings
from strata.reports.statistics.gradient_flow import gradient_flow
from tests.reports.checks.asking import check, method


def trained(architecture, **parameters):
    """History of a network on noise with a bright quarter, whose place is the class."""
    rng, y = np.random.default_rng(0), np.arange(96) % 4
    images = rng.integers(0, 90, (len(y), 16, 16, 3)).astype(np.uint8)
    for image, c in zip(images, y, strict=True):
        top, left = 8 * (c // 2), 8 * (c % 2)
        image[top : top + 8, left : left + 8] += np.uint8(120)
    settings = {"epochs": 6, "batch_size": 32, "augmentation": "none", "device": "cpu"}
    network = NetworkClassifier(architecture, image_size=16, **{**settings, **parameters})
    return network.fit(images, y).history_


SIGMOID = {
    "name": "mlp",
    "hidden": [32] * 8,
    "activation": "sigmoid",
    "initialization": "glorot-uniform",
}
RELU = {"name": "mlp", "hidden": [32] * 4}


def severities(histories):
    network = method("net", histories=histories)
    return [check(code, network).severity for code in ("R15", "R16")]


def test_a_deep_plain_sigmoid_network_has_vanishing_gradients():
    histories = [trained(SIGMOID, max_lr=0.003)]
    assert severities(histories) == ["issue", "passed"]
    (sentence,) = check("R15", method("net", histories=histories)).sentences
    assert sentence.startswith("net: the gradient norm of hidden1 is at most ")
    assert "times that of scores in all epochs" in sentence


def test_a_learning_rate_that_is_too_high_has_exploding_gradients():
    histories = [trained(RELU, max_lr=0.1)]
    assert severities(histories)[1] == "issue"


def test_nothing_is_said_of_the_default_network():
    assert severities([trained("tinynet")]) == ["passed", "passed"]


def epochs(ratios, norms=None):
    norms = norms or [1.0] * len(ratios)
    return [
        {"epoch": e, "gradient_norm": norm, "gradient_norm/block1": ratio,
         "gradient_norm/block2": 0.5, "gradient_norm/scores": 1.0}
        for e, (ratio, norm) in enumerate(zip(ratios, norms, strict=True), start=1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("histories", "found"),
    [
        ([epochs([0.005, 0.009])], ["issue", "passed"]),
        ([epochs([0.5, 0.001])], ["passed", "passed"]),  # it has learned, and needs no more
        ([epochs([0.5, 0.0])], ["issue", "passed"]),  # dead
        ([epochs([1, 1], [1.0, 6.0])], ["passed", "issue"]),
        ([epochs([1, 1], [1.0, 4.0])], ["passed", "passed"]),
        ([epochs([0.001])] + [epochs([0.5])] * 2, ["passed", "passed"]),  # one fold of three
        ([[{"gradient_norm/scores": 1.0}]], ["not applicable", "not applicable"]),
    ],
)
def test_thresholds(histories, found):
    assert severities(histories) == found


def test_epochs_of_a_head_alone_are_left_out():
    head = {"epoch": 1, "gradient_norm": 0.01, "gradient_norm/scores": 0.01}
    history = [head, *epochs([0.4, 0.3], [2.0, 2.0])]
    flow = gradient_flow(history)
    assert flow.ratio.tolist() == [0.4, 0.3]
    assert flow.rise == 1.0


def test_the_ratio_is_drawn_with_the_line_below_which_gradients_vanish():
    drawn = dict(diagnostics_drawings([epochs([0.5, 1e-9])] * 2))
    drawing = drawn["Gradient norm of the first layer over that of the last"]
    assert drawing.count('class="thin"') == 2
    assert drawing.count('class="reference"') == 1
    assert ">1e-06<" in drawing
