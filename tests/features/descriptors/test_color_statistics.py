"""Local color statistics against a loop over cells."""

import numpy as np
import pytest
from sklearn.base import clone

from strata.errors import InputError
from strata.features.descriptors.color_spaces import COLOR_SPACES
from strata.features.descriptors.color_statistics import ColorStatistics, mirror_order


def naive(image, x, y, cell):
    """Mean and deviation in each of 4 x 4 cells around a center, on half pixels."""
    colors = np.kron(image, np.ones((2, 2, 1))) / 255.0 @ COLOR_SPACES["opponent"].T
    found = []
    for row in range(4):
        for column in range(4):
            top, left = (
                round(2 * (at + (number - 1.5) * cell + 0.5) - cell)
                for at, number in ((y, row), (x, column))
            )
            part = colors[top : top + 2 * cell, left : left + 2 * cell].reshape(-1, 3)
            found += [*part.mean(axis=0), *part.std(axis=0)]
    return np.array(found)


@pytest.mark.parametrize("cell", [3, 4, 5, 8])
def test_every_descriptor_is_the_mean_and_deviation_of_its_cells(cell):
    image = np.random.default_rng(0).integers(0, 256, (60, 71, 3), dtype=np.uint8)
    found = ColorStatistics(step=7, cell_sizes=(cell,)).describe(image)
    inside = 0
    for row, (x, y) in zip(found.descriptors, found.positions * (71, 60) - 0.5, strict=True):
        reach = 2 * cell + 1
        if reach <= x < 71 - reach and reach <= y < 60 - reach:
            assert np.allclose(row, naive(image, x, y, cell), atol=2e-4)
            inside += 1
    assert inside > 10


def test_a_gray_image_has_no_color_and_a_flat_one_no_deviation():
    image = np.random.default_rng(1).integers(0, 256, (40, 40), dtype=np.uint8)
    cells = ColorStatistics().describe(image).descriptors.reshape(-1, 16, 2, 3)
    assert np.allclose(cells[..., 1:], 0, atol=1e-3)
    flat = ColorStatistics().describe(np.full((40, 40, 3), 90, np.uint8)).descriptors
    assert np.allclose(flat.reshape(-1, 16, 2, 3)[:, :, 1], 0, atol=1e-3)


def test_sizes_follow_each_other_and_small_images_have_none():
    image = np.zeros((64, 48, 3), np.uint8)
    found = ColorStatistics(cell_sizes=(4, 6)).describe(image)
    assert found.descriptors.shape == (len(found.scales), 96)
    assert set(found.scales) == {4.0, 6.0}
    assert ((found.positions > 0) & (found.positions < 1)).all()
    assert ColorStatistics().describe(image[:5, :5]).descriptors.shape == (0, 96)


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="at least one pixel"):
        ColorStatistics(step=0).describe(np.zeros((40, 40, 3), np.uint8))
    with pytest.raises(InputError, match="uint8"):
        clone(ColorStatistics()).describe(np.zeros((40, 40, 3)))


@pytest.mark.parametrize("cell", [3, 4, 6, 8])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_mirrored_image_has_the_same_descriptors_in_another_order(cell, axis):
    image = np.random.default_rng(2).integers(0, 256, (41, 41, 3), dtype=np.uint8)
    side = 41 - 3 * cell
    descriptor = ColorStatistics(step=1, cell_sizes=(cell,))
    cells = descriptor.describe(image).descriptors.reshape(side, side, 4, 4, 6)
    turned = descriptor.describe(np.ascontiguousarray(np.flip(image, axis))).descriptors
    expected = np.flip(cells, (axis, axis + 2)).reshape(side, side, -1)
    assert np.allclose(turned.reshape(side, side, -1), expected, atol=1e-4)
    if axis == 1:
        order = mirror_order()
        rows = cells.reshape(side, side, -1)
        np.testing.assert_array_equal(rows[:, ::-1][..., order], expected)
