import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from strata.errors import InputError
from strata.image_io import ImageError, read_image
from tests.image_io.files import FILES, encoded, picture


@pytest.mark.parametrize(
    ("fmt", "options"),
    [("PNG", {}), ("BMP", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}),
     ("WEBP", {"lossless": True})],
)  # fmt: skip
def test_lossless_formats_come_back_exactly(fmt, options, tmp_path):
    expected = picture()
    data = encoded(expected, fmt, **options)
    path = tmp_path / "x.jpg"  # the suffix does not matter
    path.write_bytes(data)
    for source in (data, path):
        image = read_image(source)
        assert image.dtype == np.uint8
        assert image.flags.writeable
        np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize(
    ("mode", "options"),
    [("RGB", {}), ("RGB", {"progressive": True}), ("CMYK", {}), ("L", {}), ("YCbCr", {})],
)
def test_jpegs_come_back_nearly(mode, options):
    image = Image.fromarray(picture()).convert(mode)
    expected = np.asarray(image.convert("RGB")).astype(int)
    read = read_image(encoded(image, "JPEG", quality=95, subsampling=0, **options))
    assert np.abs(read - expected).mean() < 3


def test_adobe_cmyk_is_not_inverted():
    """Adobe's CMYK files hold inverted inks: white paper must stay white."""
    white = Image.new("CMYK", (16, 16), (0, 0, 0, 0))
    data = encoded(white, "JPEG")
    assert b"Adobe" in data
    assert read_image(data).min() > 250


def test_exif_orientation_is_applied():
    expected = picture()
    stored = {
        1: expected, 2: expected[:, ::-1], 3: expected[::-1, ::-1], 4: expected[::-1],
        5: expected.transpose(1, 0, 2), 6: np.rot90(expected, 1),
        7: expected[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(expected, -1),
    }  # fmt: skip
    for orientation, pixels in stored.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        for fmt in ("PNG", "TIFF", "WEBP"):
            options = {"lossless": True} if fmt == "WEBP" else {}
            data = encoded(np.ascontiguousarray(pixels), fmt, exif=exif, **options)
            np.testing.assert_array_equal(
                read_image(data), expected, err_msg=f"{orientation} {fmt}"
            )
        jpeg = read_image(encoded(np.ascontiguousarray(pixels), "JPEG", exif=exif, quality=98))
        assert np.abs(jpeg.astype(int) - expected).mean() < 6


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0garbage", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"", b"x"]
)
def test_a_damaged_exif_block_does_not_spoil_the_picture(exif):
    assert read_image(encoded(picture(), "JPEG", exif=exif)).shape == (37, 53, 3)


def test_transparent_pixels_are_white():
    rgba = np.zeros((4, 6, 4), np.uint8)
    rgba[..., :3] = (200, 10, 10)
    rgba[:, :2, 3] = 255
    rgba[:, 2:4, 3] = 128
    expected = np.full((4, 6, 3), 255, np.uint8)
    expected[:, :2] = (200, 10, 10)
    image = read_image(encoded(rgba, "PNG"))
    np.testing.assert_array_equal(image[:, [0, 1, 4, 5]], expected[:, [0, 1, 4, 5]])
    assert np.abs(image[:, 2].astype(int) - (227, 132, 132)).max() <= 1
    gray = Image.fromarray(rgba).convert("LA")
    assert (read_image(encoded(gray, "PNG"))[:, 4:] == 255).all()


def test_palettes_with_and_without_transparency():
    palette = Image.new("P", (4, 2), 0)
    palette.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    palette.paste(1, (2, 0, 4, 2))
    for fmt in ("PNG", "GIF", "BMP", "TIFF"):
        image = read_image(encoded(palette, fmt))
        assert image[0, 0].tolist() == [10, 20, 30]
        assert image[0, 3].tolist() == [40, 50, 60]
    for fmt, transparency in (("PNG", 1), ("PNG", b"\xff\x00\xff"), ("GIF", 1)):
        image = read_image(encoded(palette, fmt, transparency=transparency))
        assert image[0, 0].tolist() == [10, 20, 30]
        assert image[0, 3].tolist() == [255, 255, 255]


def test_one_transparent_color_of_an_rgb_file():
    pixels = picture()
    pixels[:5] = (1, 2, 3)
    image = read_image(encoded(pixels, "PNG", transparency=(1, 2, 3)))
    assert (image[:5] == 255).all()
    np.testing.assert_array_equal(image[5:], pixels[5:])


def test_grays_of_1_8_16_and_32_bits():
    gray = picture()[..., 0]
    np.testing.assert_array_equal(read_image(encoded(gray, "PNG"))[..., 1], gray)
    bits = Image.fromarray(gray).convert("1")
    for fmt in ("PNG", "TIFF", "BMP"):
        expected = np.asarray(bits.convert("L"))
        np.testing.assert_array_equal(read_image(encoded(bits, fmt))[..., 2], expected)
    wide = gray.astype(np.uint16) * 257
    for fmt in ("PNG", "TIFF"):
        np.testing.assert_array_equal(read_image(encoded(wide, fmt))[..., 0], gray)
    for top in (255, 65535):
        values = (gray.astype(np.int64) * top // 255).astype(np.int32)
        values[0, 0] = top
        expected = np.rint(values * (255 / top))
        np.testing.assert_array_equal(read_image(encoded(values, "TIFF"))[..., 0], expected)
    for top in (1, 255, 65535):
        values = (gray / 255 * top).astype(np.float32)
        values[0, 0] = top
        read = read_image(encoded(values, "TIFF"))[..., 0]
        np.testing.assert_array_equal(read[1:], gray[1:])


def test_lab():
    expected = picture()
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(Image.fromarray(expected), *profiles, outputMode="LAB")
    assert np.abs(read_image(encoded(lab, "TIFF")).astype(int) - expected).mean() < 4


@pytest.mark.parametrize("fmt", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_several_frames_the_first(fmt):
    first, second = Image.new("RGB", (9, 7), (250, 0, 0)), Image.new("RGB", (9, 7), (0, 0, 250))
    data = encoded(first, fmt, save_all=True, append_images=[second])
    image = read_image(data)
    assert image.shape == (7, 9, 3)
    assert (image[..., 0] > 240).all()
    assert (image[..., 2] < 10).all()


def test_the_formats_are_kept_whatever_other_code_has_opened():
    """A PPM or EPS under the name of a JPEG never reaches its decoder."""
    Image.init()
    for data, name in (
        (b"P6 1 1 255 abc", "a PNM image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "a PostScript document"),
    ):
        with pytest.raises(ImageError, match=name):
            read_image(data)


# -- what cannot be read ---------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_a_cut_off_file_is_an_error_wherever_it_is_cut(name):
    """Never half a picture: an error or, where only a trailer is missing, the whole one."""
    data = FILES[name]
    whole = read_image(data)
    cuts = {*range(0, len(data), 1 + len(data) // 150), *range(len(data) - 40, len(data))}
    errors = 0
    for cut in cuts:
        try:
            np.testing.assert_array_equal(read_image(data[:cut]), whole)
        except ImageError:
            errors += 1
    assert errors >= len(cuts) - 25  # a PNG's last chunk and checksum: 22 bytes


@given(st.binary(max_size=300))
def test_random_bytes_are_an_image_error(data):
    with pytest.raises(ImageError):
        read_image(data)


def test_errors_name_the_file_and_the_reason(tmp_path):
    path = tmp_path / "half, ünïcode\n.jpg"
    path.write_bytes(FILES["jpeg"][:-200])
    with pytest.raises(ImageError) as caught:
        read_image(path)
    error = caught.value
    assert isinstance(error, InputError)
    assert str(path) in str(error)
    assert error.reason.startswith("cut off")
    again = pickle.loads(pickle.dumps(error))
    assert (again.name, again.reason, str(again)) == (error.name, error.reason, str(error))
