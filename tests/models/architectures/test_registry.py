"""Every choice of a description makes its module, and names are known without torch."""

import subprocess
import sys

import pytest
import torch

from strata.models.architectures import registry


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


@pytest.mark.parametrize("name", sorted(registry.POOLS))
def test_pools_halve_the_map_or_keep_its_size(name):
    size = 4 if name == "none" or name.endswith("-3") else 2
    assert registry.POOLS[name]()(torch.randn(2, 3, 4, 4)).shape == (2, 3, size, size)


@pytest.mark.parametrize("name", sorted(registry.HEAD_POOLS))
def test_pools_of_a_head_give_vectors(name):
    width = 3 * 16 if name == "flatten" else 3
    assert registry.HEAD_POOLS[name](torch.randn(2, 3, 4, 4)).shape == (2, width)


def test_the_names_are_known_without_torch():
    code = "import sys, strata.models.architectures.architecture; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
