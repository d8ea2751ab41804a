import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from strata.models.architectures.dropout import Dropout
from strata.models.transfer.finetuning.head import build_head

widths = st.integers(1, 9)


@given(widths, st.lists(widths, max_size=3), widths, st.sampled_from(["gelu", "relu"]))
def test_a_head_is_the_perceptron_that_one_writes_by_hand(width, hidden, classes, activation):
    head = build_head(width, hidden, classes, activation=activation, seed=3).eval()
    x = expected = torch.rand(4, width)
    assert torch.equal(head(x), torch.zeros(4, classes))  # the last layer starts at zero
    linear = [layer for layer in head if isinstance(layer, torch.nn.Linear)]
    assert [layer.out_features for layer in linear] == [*hidden, classes]
    torch.nn.init.normal_(linear[-1].weight)
    for layer in linear[:-1]:
        assert layer.weight.abs().max() > 0
        expected = getattr(functional, activation)(expected @ layer.weight.T + layer.bias)
    expected = expected @ linear[-1].weight.T + linear[-1].bias
    torch.testing.assert_close(head(x), expected)


def test_a_linear_head_has_the_names_that_files_of_weights_have():
    assert set(build_head(5, (), 3).state_dict()) == {"1.weight", "1.bias"}


@pytest.mark.parametrize("hidden", [(), (7, 6)])
def test_dropout_precedes_every_layer(hidden):
    head = build_head(5, hidden, 3, dropout=0.5)
    assert sum(isinstance(layer, Dropout) for layer in head) == 1 + len(hidden)


def test_weights_follow_from_the_seed():
    first, again, other = (build_head(5, (8,), 3, seed=seed)[1].weight for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
