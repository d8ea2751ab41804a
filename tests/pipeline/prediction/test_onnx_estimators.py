"""Fitted reductions as modules of an ONNX graph."""

import warnings

import numpy as np
import pytest
import torch

from strata.features.transforms.block_weights import BlockWeights
from strata.pipeline.prediction.onnx.estimators import reduction_module


@pytest.mark.parametrize("weights", [[1.0, 0.0], [1.0, 3.0]])
def test_blocks_of_any_weight_are_multiplied_without_an_infinite_constant(weights):
    X = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    reduction = BlockWeights([2, 4], weights).fit(X)
    with warnings.catch_warnings(action="error"):
        module = reduction_module(reduction)
    assert all(torch.isfinite(constant).all() for constant in module.state_dict().values())
    found = module(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(found, reduction.transform(X), rtol=1e-6)
