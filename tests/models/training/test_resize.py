import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.errors import InputError
from strata.models.training.resize import resize_image, resize_images


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 40), st.integers(0, 255))
@settings(max_examples=50, deadline=None)
def test_a_constant_image_of_any_size_stays_constant(height, width, side, level):
    got = resize_image(np.full((height, width, 3), level, np.uint8), side)
    assert got.shape == (side, side, 3)
    assert got.dtype == np.uint8
    assert (got == level).all()


def test_shrinking_averages_areas():
    image = np.random.default_rng(0).integers(0, 256, (12, 12, 3)).astype(np.uint8)
    means = image.reshape(4, 3, 4, 3, 3).mean((1, 3))
    assert np.abs(resize_image(image, 4) - means).max() <= 0.5


def test_the_middle_square_is_kept():
    image = np.zeros((10, 30, 3), np.uint8)
    image[:, 10:20] = 200
    assert (resize_image(image, 5) == 200).all()
    assert (resize_image(image.transpose(1, 0, 2), 5) == 200).all()


def test_gray_becomes_three_equal_channels():
    gray = np.random.default_rng(0).integers(0, 256, (9, 9)).astype(np.uint8)
    color = resize_image(gray, 6)
    assert (color == color[:, :, :1]).all()


def test_an_image_of_the_right_size_is_unchanged_and_many_are_stacked():
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    stacked = resize_images([image, image[:, ::-1]], 8)
    assert stacked.flags.c_contiguous
    np.testing.assert_array_equal(stacked, [image, image[:, ::-1]])
    assert resize_images([], 8).shape == (0, 8, 8, 3)


@pytest.mark.parametrize("image", [np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8)])
def test_other_arrays_are_refused(image):
    with pytest.raises(InputError):
        resize_image(image, 4)


def test_gray_values_take_one_channel():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (40, 30, 3)).astype(np.uint8)
    gray = resize_image(image, 30, color=False)
    luma = image[5:35] @ np.array([0.299, 0.587, 0.114])
    assert gray.shape == (30, 30, 1)
    np.testing.assert_allclose(gray[..., 0], luma, atol=1)
    flat = rng.integers(0, 256, (20, 20)).astype(np.uint8)
    small = resize_images([flat, image], 10, color=False)
    assert small.shape == (2, 10, 10, 1)
    np.testing.assert_array_equal(small[0], resize_image(flat, 10)[..., :1])
    assert resize_images([], 10, color=False).shape == (0, 10, 10, 1)
