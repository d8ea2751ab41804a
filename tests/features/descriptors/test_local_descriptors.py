import numpy as np

from strata.features.descriptors.local_descriptors import LocalDescriptors


def test_rows_without_contrast_are_left_out() -> None:
    rows = np.array([[0, 1], [0, 0], [-1, 1]], np.float32)
    places = np.arange(6, dtype=np.float32).reshape(3, 2)
    image = LocalDescriptors(rows, places, np.arange(3, dtype=np.float32))
    kept = image.with_contrast()
    assert np.array_equal(kept.descriptors, rows[[0, 2]])
    assert np.array_equal(kept.positions, places[[0, 2]])
    assert np.array_equal(kept.scales, [0, 2])
    assert kept.with_contrast() is kept
    assert len(LocalDescriptors.empty(2).with_contrast().descriptors) == 0
