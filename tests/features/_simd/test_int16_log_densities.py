import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.features._simd.int16_log_densities import whole_densities


@given(st.integers(1, 40), st.integers(1, 60), st.booleans(), st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_numbers_have_16_bits_and_sums_31_whatever_the_scales(k, d, heavy, seed):
    rng = np.random.default_rng(seed)
    exponents = 10.0 ** rng.integers(-8, 8, d)
    X = rng.standard_cauchy((20, d)) if heavy else rng.normal(size=(20, d)) * exponents
    X = X.astype(np.float32)
    means, variances = rng.normal(size=(k, d)) * exponents, 10 ** rng.uniform(-8, 8, (k, d))
    weights = np.hstack([means / variances, -0.5 / variances]).astype(np.float32)
    constants = -0.5 * (np.log(2 * np.pi * variances) + means**2 / variances).sum(axis=1)
    sizes = np.abs(weights).max(axis=0)
    whole = whole_densities(
        X, np.zeros(d, np.float32), weights, sizes, constants.astype(np.float32)
    )
    numbers = np.abs(np.rint(np.hstack([X, X**2]) * whole.scale)).astype(np.int64)
    tiles = np.ascontiguousarray(whole.tiles.transpose(0, 2, 1)).view(np.int16)
    columns = np.abs(tiles.reshape(-1, tiles.shape[-1])[:k, : 2 * d].astype(np.int64))
    assert max(numbers.max(), columns.max()) < 2**15
    assert (numbers @ columns.T + np.abs(whole.start[:k].astype(np.int64))).max() < 2**31
