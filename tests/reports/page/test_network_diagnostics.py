"""Curves of a training by layer."""

import re

from strata.reports.page.network_diagnostics import LAYERS, diagnostics_drawings
from tests.reports import synthetic


def test_every_quantity_has_a_line_for_each_layer():
    drawn = dict(diagnostics_drawings([synthetic.history(6, seed) for seed in range(3)]))
    lines = {caption: drawing.count("<path") for caption, drawing in drawn.items()}
    assert lines == {
        "Dead units by layer": 2,
        "Activations at zero by layer": 2,
        "Gradient norm by layer": 3,
        "Gradient norm of the first layer over that of the last": 5,  # folds, mean, threshold
        "Mean of activations by layer": 2,
        "Standard deviation of activations by layer": 2,
    }


def test_the_share_of_zeros_is_read_off_in_percent():
    """Lorente, Riera and Rana: with Glorot nearly 90 % of the last layer are at zero."""
    history = [
        {"zeros/block1": 0.2, "zeros/block2": 0.9},
        {"zeros/block1": 0.3, "zeros/block2": 0.9},
    ]
    drawing = dict(diagnostics_drawings([history]))["Activations at zero by layer"]
    top, floor = (
        float(re.search(rf'y="([\d.]+)"[^>]*>{value}<', drawing)[1]) for value in (100, 0)
    )
    line = re.search(r'class="line warm" d="M[\d.]+ ([\d.]+)L', drawing)
    assert abs((floor - 4 - float(line[1])) / (floor - top) - 0.9) < 0.01


def test_nothing_is_drawn_where_no_unit_is_dead_and_nothing_is_recorded():
    assert diagnostics_drawings([[{"loss": 1.0, "dead_units/block1": 0.0}]]) == []


def test_of_many_layers_some_are_drawn_from_the_first_to_the_last():
    history = [{f"activation_mean/block{n}": float(n) for n in range(40)}] * 2
    ((_, drawing),) = diagnostics_drawings([history])
    assert drawing.count("<path") == LAYERS
    assert ">block0<" in drawing
    assert ">block39<" in drawing


def test_layers_that_were_frozen_come_in_their_order_and_are_told_of():
    """While a body is frozen, its last layer alone is recorded."""
    both = {"gradient_norm/block1": 1.0, "gradient_norm/scores": 2.0}
    history = [{"gradient_norm/scores": 3.0}, both, both]
    ((caption, drawing),) = diagnostics_drawings([history])
    assert "frozen" in caption
    assert re.search(r'class="line" d="M[^"]*"', drawing)[0].count("L") == 1  # block1, from epoch 2
    assert drawing.index(">block1<") < drawing.index(">scores<")
    ((caption, _),) = diagnostics_drawings([history[1:]])
    assert "frozen" not in caption


def test_small_shares_fill_the_scale():
    history = [{"dead_units/block1": 0.02, "dead_units/block2": 0.0}] * 2
    ((_, drawing),) = diagnostics_drawings([history])
    assert ">100<" not in drawing
    assert ">10<" in drawing
