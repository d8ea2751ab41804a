import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata._compiled import KERNELS
from strata.features._simd.int16_log_densities import int16_log_densities

pytestmark = pytest.mark.skipif(
    KERNELS == "numpy", reason="about a compiled kernel, and STRATA_KERNELS is numpy"
)


@given(st.integers(1, 40), st.integers(1, 60), st.booleans(), st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_factors_fit_int16_and_sums_int32_at_any_scale(k, d, heavy, seed):
    rng = np.random.default_rng(seed)
    exponents = 10.0 ** rng.integers(-8, 8, d)
    X = rng.standard_cauchy((20, d)) if heavy else rng.normal(size=(20, d)) * exponents
    X = X.astype(np.float32)
    means, variances = rng.normal(size=(k, d)) * exponents, 10 ** rng.uniform(-8, 8, (k, d))
    weights = np.hstack([means / variances, -0.5 / variances]).astype(np.float32)
    constants = -0.5 * (np.log(2 * np.pi * variances) + means**2 / variances).sum(axis=1)
    max_weights = np.abs(weights).max(axis=0)
    found = int16_log_densities(
        X, np.zeros(d, np.float32), weights, max_weights, constants.astype(np.float32)
    )
    integers = np.abs(np.rint(np.hstack([X, X**2]) * found.scale)).astype(np.int64)
    tiles = np.ascontiguousarray(found.tiles.transpose(0, 2, 1)).view(np.int16)
    columns = np.abs(tiles.reshape(-1, tiles.shape[-1])[:k, : 2 * d].astype(np.int64))
    assert max(integers.max(), columns.max()) < 2**15
    assert (integers @ columns.T + np.abs(found.bias[:k].astype(np.int64))).max() < 2**31
