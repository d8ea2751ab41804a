import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.features.descriptors.feature_map import feature_map_descriptors


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from(["none", "l2"]), st.integers(0, 99))
def test_each_place_is_a_descriptor(h, w, norm, seed):
    values = np.random.default_rng(seed).normal(size=(h, w, 3)).astype(np.float16)
    values[0, 0] = 0
    found = feature_map_descriptors(values, 60, norm)
    assert found.descriptors.dtype == found.positions.dtype == found.scales.dtype == np.float32
    row = 0
    for y in range(h):
        for x in range(w):
            expected = values[y, x].astype(float)
            if norm == "l2":
                expected /= np.linalg.norm(expected) or 1
            np.testing.assert_allclose(found.descriptors[row], expected, rtol=1e-3, atol=1e-6)
            np.testing.assert_allclose(found.positions[row], [(x + 0.5) / w, (y + 0.5) / h])
            assert found.scales[row] == np.float32(60 / min(h, w))
            row += 1
    assert row == len(found.descriptors)
