"""Pillow images have the pixels that the reader finds in their files."""

import io

import numpy as np
import pytest
from PIL import Image

from strata.image_io import ImageError, read_image
from strata.image_io.pillow_image import pillow_pixels
from tests.image_io.files import FILES, encoded, picture

GRAY = picture()[..., 0]
MODES = {
    "1": Image.fromarray(GRAY).convert("1"),
    "L": Image.fromarray(GRAY),
    "LA": Image.merge("LA", (Image.fromarray(GRAY), Image.fromarray(255 - GRAY))),
    "P": Image.fromarray(picture()).quantize(),
    "RGBA": Image.fromarray(np.dstack([picture(), GRAY])),
    "YCbCr": Image.fromarray(picture()).convert("YCbCr"),
    "I;16": Image.fromarray(GRAY.astype(np.uint16) * 257),
    "I": Image.fromarray(GRAY.astype(np.int32) * 257),
    "F": Image.fromarray(GRAY.astype(np.float32) / 255),
}


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("name", FILES)
def test_an_opened_image_has_the_pixels_of_its_file(name):
    image = pillow_pixels(opened(FILES[name]), name)
    np.testing.assert_array_equal(image, read_image(FILES[name]))
    assert image.flags.writeable


@pytest.mark.parametrize("mode", MODES)
def test_an_image_of_any_mode_has_the_pixels_that_its_file_would_have(mode):
    assert MODES[mode].mode == mode
    expected = read_image(encoded(MODES[mode], "TIFF"))
    np.testing.assert_array_equal(pillow_pixels(MODES[mode], mode), expected)


def test_hue_saturation_and_value_which_no_file_has():
    image = Image.new("HSV", (3, 2), (0, 255, 200))
    assert pillow_pixels(image, "").tolist() == np.full((2, 3, 3), (200, 0, 0)).tolist()


def test_the_orientation_of_exif_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(picture(), "PNG", exif=exif)
    found = pillow_pixels(opened(data), "")
    np.testing.assert_array_equal(found, np.rot90(picture(), -1))
    np.testing.assert_array_equal(found, read_image(data))


def test_values_without_a_stated_range_are_scaled_by_that_of_the_data_set():
    dark = Image.fromarray(np.full((2, 2), 1000, np.uint16))
    assert (pillow_pixels(dark, "", {"integer": (0, 4000)}) == 64).all()
    assert (
        pillow_pixels(dark, "", {"float": (0, 4000)}) == read_image(encoded(dark, "TIFF"))
    ).all()


def test_damaged_and_empty_images_are_named():
    with pytest.raises(ImageError, match=r"^third: cut off"):
        pillow_pixels(opened(FILES["bmp"][:-500]), "third")
    with pytest.raises(ImageError, match="third: has no pixels"):
        pillow_pixels(Image.new("L", (0, 4)), "third")
