import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.features.descriptors.quantize import dequantize, quantize


@given(st.integers(0, 20_000), st.integers(1, 12), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_entries_come_back_within_half_a_step(n: int, d: int, seed: int) -> None:
    rows = np.random.default_rng(seed).random((n, d), np.float32)
    rows = rows**4 / max(1, rows.max(initial=1))
    stored = quantize(rows)
    back = dequantize(stored)
    assert stored.dtype == np.uint8
    assert back.dtype == np.float32
    assert back.shape == rows.shape
    small = rows <= 255.5 / 512
    assert np.all(np.abs(back - rows)[small] <= 1 / 1024)
    assert np.all(back[~small] == np.float32(255 / 512))


def test_stored_bytes_are_restored_exactly() -> None:
    every = np.arange(256, dtype=np.uint8)[None]
    assert np.array_equal(quantize(dequantize(every)), every)


def test_root_sift_keeps_its_directions() -> None:
    from strata.features.descriptors.dense_sift import DenseSIFT

    image = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    rows = DenseSIFT().describe(image).descriptors
    back = dequantize(quantize(rows))
    cosine = (rows * back).sum(1) / np.linalg.norm(back, axis=1)
    assert cosine.min() > 0.9999


def test_minus_zero_is_zero_and_large_entries_saturate() -> None:
    assert quantize(np.array([-0.0, 0.0, 7.0, np.inf], np.float32)).tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("entry", [-0.1, -1e-40, -np.inf, np.nan])
def test_other_entries_are_refused(entry: float) -> None:
    with pytest.raises(ValueError, match="negative"):
        quantize(np.array([[0.1, entry]], np.float32))
