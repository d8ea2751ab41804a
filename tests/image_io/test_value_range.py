import io

import imageio.v3
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from strata.image_io import ImageError, decode, ranges_by_kind, read_image
from strata.image_io.value_range import Extent, full_range, to_uint8
from tests.image_io.files import encoded, picture, png, tiff, tiff_12_bits

RNG = np.random.default_rng(0)
GRAY16 = RNG.integers(0, 65536, (37, 53)).astype(np.uint16)
RGB16 = RNG.integers(0, 65536, (37, 53, 3)).astype(np.uint16)
GRAY16[0, 0] = RGB16[0, 0] = 65535


def scaled(values, high=65535.0, low=0.0):
    """Values as 8 bits, by the definition."""
    return np.rint((values.astype(float) - low) * 255 / (high - low)).astype(np.uint8)


# -- what the file states ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [{}, {"byteorder": ">"}, {"compression": "zlib", "predictor": True}, {"tile": (16, 16)},
     {"bigtiff": True}],
)  # fmt: skip
def test_tiffs_of_16_bits_are_read_as_tifffile_reads_them(options):
    for values, photometric in ((GRAY16, "minisblack"), (RGB16, "rgb")):
        data = tiff(values, photometric=photometric, **options)
        np.testing.assert_array_equal(tifffile.imread(io.BytesIO(data)), values)
        expected = scaled(values) if values.ndim == 3 else scaled(values)[..., None]
        np.testing.assert_array_equal(read_image(data), np.broadcast_to(expected, RGB16.shape))


@pytest.mark.parametrize("values", [GRAY16, GRAY16 >> 8, GRAY16 / np.float32(65535)])
def test_zero_may_be_white(values):
    dtype = np.uint8 if values.max() == 255 else values.dtype
    values = values.astype(dtype)
    black, white = (
        read_image(tiff(values, photometric=p)).astype(int) for p in ("minisblack", "miniswhite")
    )
    assert (white == 255 - black).all()


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("width", [52, 53])
def test_tiffs_of_12_bits(width, compress):
    values = GRAY16[:, :width] >> 4
    values[values > 3000] = 3000  # dark, and the file says so
    image, extent = decode(tiff_12_bits(values, compress=compress))
    np.testing.assert_array_equal(image[..., 0], scaled(values, 4095))
    assert extent is None


def test_unsigned_integers_of_32_bits_do_not_wrap():
    values = GRAY16.astype(np.uint32) << 16
    image, extent = decode(tiff(values))
    np.testing.assert_array_equal(image[..., 0], scaled(values, values.max(), values.min()))
    assert extent == ("integer", values.min(), values.max())


def test_signed_integers():
    small = RNG.integers(-128, 128, (37, 53)).astype(np.int8)
    np.testing.assert_array_equal(read_image(tiff(small))[..., 0], small.astype(int) + 128)
    for dtype in (np.int16, np.int32):
        values = RNG.integers(-1024, 3072, (37, 53)).astype(dtype)  # Hounsfield units
        expected = scaled(values, values.max(), values.min())
        np.testing.assert_array_equal(read_image(tiff(values))[..., 0], expected)


def test_colors_of_16_bits_in_separate_planes_are_refused():
    planes = np.moveaxis(RGB16, 2, 0).copy()
    for options in ({}, {"compression": "zlib"}):
        data = tiff(planes, photometric="rgb", planarconfig="separate", **options)
        with pytest.raises(ImageError, match=r"separate planes.*magick"):
            read_image(data)
    data = tiff((planes >> 8).astype(np.uint8), photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read_image(data), RGB16 >> 8)


def test_pngs_of_16_bits_are_read_as_imageio_reads_them():
    data = png(GRAY16, 16, 0)
    np.testing.assert_array_equal(imageio.v3.imread(data), GRAY16)
    np.testing.assert_array_equal(read_image(data)[..., 0], scaled(GRAY16))
    np.testing.assert_array_equal(read_image(png(RGB16, 16, 2)), scaled(RGB16))


@pytest.mark.parametrize("channels", [2, 4])
def test_opacity_of_16_bits(channels):
    values = RNG.integers(0, 65536, (37, 53, channels)).astype(np.uint16)
    values[:9, :, -1] = 0
    values[9:18, :, -1] = 65535
    image = read_image(png(values, 16, {2: 4, 4: 6}[channels]))
    assert (image[:9] == 255).all()
    np.testing.assert_array_equal(image[9:18], np.broadcast_to(scaled(values[9:18, :, :-1]),
                                                               (9, 53, 3)))  # fmt: skip
    opacity = values[..., -1:] / 65535
    expected = values[..., :-1] / 257 * opacity + 255 * (1 - opacity)
    assert np.abs(image - expected).max() < 2


def test_premultiplied_colors_of_16_bits():
    opaque = RNG.integers(0, 65536, (37, 53, 3)).astype(float)
    opacity = RNG.integers(0, 65536, (37, 53, 1)) / 65535
    opacity[0, 0] = 1
    values = np.rint(np.concatenate([opaque * opacity, opacity * 65535], 2)).astype(np.uint16)
    image = read_image(tiff(values, photometric="rgb", extrasamples=["assocalpha"]))
    expected = (opaque * opacity + 65535 * (1 - opacity)) / 257
    assert np.abs(image - expected).max() < 2


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_transparent_gray_is_white_at_each_depth(bits):
    top = 2**bits - 1
    values = np.array([[0, top // 2, top, 0]])
    image = read_image(png(values, bits, 0, transparent=[0]))
    assert image[0, [0, 3]].tolist() == [[255] * 3] * 2
    assert image[0, 1, 0] == round((top // 2) * 255 / top) if bits > 1 else 255


def test_a_transparent_color_of_16_bits_is_white_to_the_last_bit():
    values = np.array([[[300, 0, 65535], [301, 0, 65535]]])
    image = read_image(png(values, 16, 2, transparent=[300, 0, 65535]))
    assert image[0].tolist() == [[255, 255, 255], [1, 0, 255]]


# -- the range where the file does not state it ------------------------------------------------


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_bits_of_a_sensor_in_a_file_of_16(bits):
    top = 2**bits - 1
    values = np.linspace(0, top, 37 * 53).reshape(37, 53).astype(np.uint16)
    for data in (png(values, 16, 0), tiff(values)):
        np.testing.assert_array_equal(read_image(data)[..., 0], scaled(values, top))
    colors = np.stack([values, values[::-1], values[:, ::-1]], -1)
    np.testing.assert_array_equal(read_image(png(colors, 16, 2)), scaled(colors, top))


@pytest.mark.parametrize("top", [1.0, 1.001, 0.2, 255.0, 254.7, 60000.0, 1e6])
def test_a_float_ramp_keeps_its_levels(top):
    ramp = np.linspace(0, top, 65536, dtype=np.float32).reshape(256, 256)
    assert len(np.unique(read_image(tiff(ramp)))) > 230


def test_ranges():
    def integers(low, high):
        return full_range([Extent("integer", low, high)])

    def floats(low, high):
        return full_range([Extent("float", low, high)])

    assert integers(0, 3) == integers(7, 255) == (0, 255)
    assert integers(0, 256) == (0, 1023)
    assert integers(0, 65536) == (0, 65536)
    assert integers(-1, 255) == (-1, 255)
    assert floats(0, 0.97) == floats(0.2, 1) == (0, 1)
    assert floats(0, 1.001) == (0, 1.001)
    assert floats(0.2, 0.4) == (0.2, 0.4)
    assert floats(0, 200.5) == (0, 255)
    assert floats(-1, 1) == (-1, 1)
    both = [Extent("integer", 0, 9), Extent("float", -1, 1), Extent("integer", 5, 4000)]
    assert ranges_by_kind(both) == {"integer": (0, 4095), "float": (-1, 1)}


def test_a_given_range_holds_for_dark_and_bright_images_alike():
    values = np.array([[0, 1000, 2000, 4095, 9000]], np.uint16)
    image = read_image(tiff(values), value_range=(0, 4095))
    assert image[0, :, 0].tolist() == [0, 62, 125, 255, 255]
    assert read_image(encoded(picture(), "PNG"), value_range=(0, 1)).max() > 200  # 8 bits


def test_values_that_are_not_finite_are_black():
    odd = np.array([[np.nan, np.inf, -np.inf, 0.5]], np.float32)
    image, extent = decode(tiff(odd))
    assert image[0, :, 0].tolist() == [0, 0, 0, 128]
    assert extent == ("float", 0.5, 0.5)
    assert decode(tiff(odd[:, :3].copy()))[1] == ("float", 0, 0)
    assert read_image(tiff(np.array([[-3, 0, 5]], np.float32)))[0, :, 0].tolist() == [0, 96, 255]
    assert (read_image(tiff(np.full((2, 2), -7, np.float32))) == 0).all()


@given(
    low=st.integers(0, 65534),
    width=st.integers(1, 65535),
    values=st.lists(st.integers(0, 65535), min_size=1, max_size=20),
)
def test_16_bit_integers_and_floats_are_scaled_alike(low, width, values):
    value_range = (float(low), float(low + width))
    exact = to_uint8(np.array(values, np.float64), value_range)
    np.testing.assert_array_equal(to_uint8(np.array(values, np.uint16), value_range), exact)
    assert (np.diff(exact[np.argsort(values)].astype(int)) >= 0).all()
