"""Every choice of a description makes its module, and names are known without torch."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from strata.models.architectures import choices, registry


@pytest.mark.parametrize("name", sorted(registry.ACTIVATIONS))
def test_every_activation_keeps_the_shape(name):
    x = torch.randn(2, 8, 4, 4)
    assert registry.ACTIVATIONS[name]()(x.clone()).shape == x.shape


@pytest.mark.parametrize("name", sorted(registry.NORMALIZATIONS))
def test_every_normalization_keeps_the_shape(name):
    x = torch.randn(2, 6, 4, 4)
    assert registry.NORMALIZATIONS[name](6)(x).shape == x.shape


@pytest.mark.parametrize("name", sorted(registry.HEAD_NORMALIZATIONS))
def test_every_normalization_of_a_head_keeps_the_shape(name):
    x = torch.randn(4, 6)
    assert registry.HEAD_NORMALIZATIONS[name](6)(x).shape == x.shape


REDUCE = {"max": np.max, "average": np.mean, "min": np.min}


@pytest.mark.parametrize("name", sorted(registry.POOLS))
def test_pools_by_a_naive_loop(name):
    x = torch.randn(2, 3, 9, 7)
    found = registry.POOLS[name](3, 2, 0)(x)
    if name == "none":
        assert torch.equal(found, x)
        return
    windows = np.lib.stride_tricks.sliding_window_view(x.numpy(), (3, 3), (2, 3))[:, :, ::2, ::2]
    np.testing.assert_allclose(found, REDUCE[name](windows, axis=(4, 5)), atol=1e-6)


@pytest.mark.parametrize("name", sorted(choices.OPTIONS))
def test_options_of_choices_are_arguments_of_their_modules(name):
    options = choices.OPTIONS[name]
    if name in registry.ACTIVATIONS:
        registry.ACTIVATIONS[name](**options)
    else:
        assert registry.NORMALIZATIONS[name](8, **options)(torch.randn(2, 8, 6, 6)).shape


def test_a_leaky_relu_has_its_slope():
    leaky = registry.ACTIVATIONS["leaky-relu"](slope=0.25)
    assert leaky(torch.tensor([-4.0, 2.0])).tolist() == [-1.0, 2.0]


@pytest.mark.parametrize("name", sorted(registry.HEAD_POOLS))
def test_pools_of_a_head_give_vectors(name):
    width = 3 * 16 if name == "flatten" else 3
    assert registry.HEAD_POOLS[name](torch.randn(2, 3, 4, 4)).shape == (2, width)


def test_the_names_are_known_without_torch():
    code = "import sys, strata.models.architectures.architecture; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
