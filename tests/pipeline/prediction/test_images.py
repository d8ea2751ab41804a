"""Images as they are given in Python."""

import numpy as np
import pytest
from PIL import Image

from strata.errors import InputError
from strata.image_io import ImageError, read_image
from strata.pipeline.prediction.images import batches_of, pixels_of
from tests.image_io.files import encoded, picture, png


def listed(images, ranges=None):
    return list(pixels_of(images, ranges or {}))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "one.png"
    path.write_bytes(encoded(picture(), "PNG"))
    return path


def test_the_same_image_however_it_is_given(file):
    image, gray = picture(), picture()[..., 0]
    given = [file, str(file), Image.fromarray(image), image, np.asfortranarray(image)]
    for form in (given, tuple(given), iter(given)):
        found = listed(form)
        assert len(found) == 5
        for pixels in found:
            np.testing.assert_array_equal(pixels, image)
            assert pixels.dtype == np.uint8
            assert pixels.flags.c_contiguous
    for pixels in listed([gray, Image.fromarray(gray)]):
        np.testing.assert_array_equal(pixels, np.dstack([gray] * 3))
    np.testing.assert_array_equal(listed(np.stack([image, image[::-1]])), [image, image[::-1]])
    np.testing.assert_array_equal(listed(np.array([str(file)])), [image])


def test_no_images_are_no_batches():
    for none in ([], (), iter(()), np.zeros((0, 8, 8, 3), np.uint8)):
        assert list(batches_of(none, {})) == []


def test_images_are_read_one_batch_after_the_other(file):
    reads = []

    def images():
        for number in range(5):
            reads.append(number)
            yield file

    batches = batches_of(images(), {}, 2)
    assert len(next(batches)) == 2
    assert reads == [0, 1, 2]


@pytest.mark.parametrize(
    "one", [picture(), picture()[..., 0], Image.fromarray(picture()), "one.png", b"bytes"]
)
def test_one_image_is_no_list_of_images(one):
    with pytest.raises(InputError, match=r"not one image[\s\S]*\[image\]"):
        listed(one)


def test_a_path_is_no_list_of_images(file):
    with pytest.raises(InputError, match=r"\[image\]"):
        listed(file)


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (None, "NoneType is no list of images"),
        ([picture(), 3], r"images\[1\] is 3, which is no image"),
        ([picture() / 255], r"images\[0\] is an array of float64[\s\S]*255 \* image"),
        ([picture().astype(np.uint16)], "array of uint16, but pixels are uint8"),
        (np.zeros((2, 8, 8, 3)), r"images\[0\] is an array of float64"),
        ([np.zeros((8, 8, 4), np.uint8)], r"shape \(8, 8, 4\)[\s\S]*RGBA"),
        (np.zeros((2, 8, 8, 1), np.uint8), r"shape \(8, 8, 1\)[\s\S]*image\[:, :, 0\]"),
        ([np.zeros((3, 8, 8), np.uint8)], r"transpose\(1, 2, 0\)"),
        ([np.zeros((0, 8, 3), np.uint8)], r"shape \(0, 8, 3\)"),
        ([np.zeros(8, np.uint8)], r"shape \(8,\)"),
        (np.zeros((2, 8, 9), np.uint8), r"shape \(2, 8, 9\) holds no images"),
        (np.zeros((1, 2, 8, 9, 3), np.uint8), "holds no images"),
    ],
)
def test_what_is_no_image_is_told(images, told):
    with pytest.raises(InputError, match=told):
        listed(images)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"gone\.png: no such file"):
        listed([picture(), tmp_path / "gone.png"])


def test_values_are_scaled_by_the_range_of_the_data_set(tmp_path):
    (tmp_path / "dark.png").write_bytes(png(np.array([[0, 1000]], np.uint16), 16, 0))
    images = [tmp_path / "dark.png", Image.open(tmp_path / "dark.png")]
    for pixels in listed(images, {"integer": (0.0, 4000.0)}):
        assert pixels[0, 1].tolist() == [64, 64, 64]
    for pixels in listed(images):
        np.testing.assert_array_equal(pixels, read_image(tmp_path / "dark.png"))
