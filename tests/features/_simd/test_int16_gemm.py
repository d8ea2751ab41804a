import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata._compiled import KERNELS
from strata.features._simd.int16_gemm import COLUMNS, ROWS, multiply, n_pairs, pack_tiles

pytestmark = pytest.mark.skipif(
    KERNELS == "numpy", reason="about a compiled kernel, and STRATA_KERNELS is numpy"
)


@numba.njit
def product(left, tiles, bias, out):
    multiply(left, tiles, bias, out)


@given(st.integers(1, 3), st.integers(1, 40), st.integers(1, 21), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_the_product_is_that_of_integers(tiles_down, k, d, seed):
    rng = np.random.default_rng(seed)
    most = int((2**30 / d) ** 0.5)  # so that no sum passes 31 bits
    left = rng.integers(-most, most + 1, (tiles_down * ROWS, d)).clip(-32768, 32767)
    right = rng.integers(-most, most + 1, (k, d)).clip(-32768, 32767)
    tiles = pack_tiles(right)
    bias = rng.integers(-(2**29), 2**29, len(tiles) * COLUMNS).astype(np.int32)
    padded = np.zeros((len(left), 2 * n_pairs(d)), np.int16)
    padded[:, :d] = left
    out = np.empty((len(left), len(bias)), np.float32)
    product(padded.view(np.int32), tiles, bias, out)
    expected = np.repeat(bias.astype(np.int64)[None], len(left), axis=0)
    expected[:, :k] += left @ right.T
    np.testing.assert_array_equal(out, expected.astype(np.float32))


def test_columns_are_padded_to_a_multiple():
    tiles = pack_tiles(np.ones((33, 3)), 64)
    assert tiles.shape == (64 // COLUMNS, 2, COLUMNS)
    assert tiles.view(np.int16).sum() == 33 * 3
