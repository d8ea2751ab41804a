from typing import get_args

import numpy as np
import pytest

from strata.errors import InputError
from strata.features.descriptors.color_spaces import COLOR_SPACES, ColorSpace, color_channels


def test_the_color_spaces_named_are_those_of_the_table():
    assert set(get_args(ColorSpace)) == set(COLOR_SPACES)


@pytest.mark.parametrize("color", get_args(ColorSpace))
def test_channels_are_the_linear_map_of_the_colors(color):
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    expected = np.einsum("cr,hwr->chw", COLOR_SPACES[color], image)
    np.testing.assert_allclose(color_channels(image, color), expected, atol=1e-3)
    gray = image[..., 0].copy()
    repeated = np.repeat(gray[..., None], 3, axis=2)
    np.testing.assert_allclose(
        color_channels(gray, color), color_channels(repeated, color), atol=1e-3
    )


def test_unknown_color_spaces_are_refused():
    with pytest.raises(InputError, match="'opponent'"):
        color_channels(np.zeros((2, 2, 3), np.uint8), "oponent")
