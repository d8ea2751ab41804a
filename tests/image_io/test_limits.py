import io
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from strata.errors import InputError
from strata.image_io import ImageError, limits, read_image
from tests.image_io.files import encoded, huge_png, picture

#: Just below Pillow's own limit of pixels.
WIDTH, HEIGHT = 13_370, 13_380


def tiny_gif(width, height):
    """43 bytes: one pixel on a screen as large as they claim."""
    screen = struct.pack("<HH", width, height)
    return (
        b"GIF89a" + screen + b"\x80\0\0" + b"\0\0\0\xff\xff\xff" + b"!\xf9\4\1\0\0\0\0"
        + b"," + bytes(4) + b"\1\0\1\0\0" + b"\2\2D\1\0;"
    )  # fmt: skip


def many_scans(count):
    """A progressive JPEG with its last scan so many times."""
    data = encoded(picture(), "JPEG", progressive=True)
    scan = data[data.rfind(b"\xff\xda") : -2]
    return data[:-2] + scan * count + b"\xff\xd9"


@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31 - 1, 2**31 - 1), (14_000, 13_000)])
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(size):
    with pytest.raises(ImageError, match=r"more than the .* pixels that STRATA_IMAGE_LIMIT allows"):
        read_image(huge_png(*size))


def test_a_bomb_is_refused_even_where_pillow_is_told_not_to_look(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(ImageError, match="pixels"):
        read_image(huge_png(60_000, 60_000))


def test_large_pictures_are_read_without_a_warning(recwarn):
    """Pillow warns from 89 million pixels on."""
    data = encoded(Image.new("1", (10_000, 9_000)), "PNG")
    with pytest.raises(ImageError, match="cut off"):  # spares the test 270 MB
        read_image(data[:-40])
    assert not recwarn.list


def test_the_memory_that_decoding_takes_is_bounded(monkeypatch):
    data = huge_png(WIDTH, HEIGHT)
    with pytest.raises(
        ImageError, match=r"takes more memory .*1 GiB that .*take 1\.2 GiB: STRATA_IMAGE_LIMIT=2"
    ):
        read_image(data)
    monkeypatch.setenv(limits.VARIABLE, "2")
    with pytest.raises(ImageError, match="cut off"):
        read_image(data)
    monkeypatch.setenv(limits.VARIABLE, "1.1")
    with pytest.raises(ImageError, match=r"take 1\.2 GiB"):
        read_image(data)


def test_the_setting_raises_the_limit_of_pixels_too(monkeypatch):
    data = huge_png(15_000, 15_000)
    pillow = Image.MAX_IMAGE_PIXELS
    monkeypatch.setenv(limits.VARIABLE, "8")
    with pytest.raises(ImageError, match="cut off"):
        read_image(data)
    assert pillow == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("text", ["many", "0", "-1", "nan", "inf"])
def test_a_limit_that_is_none_is_the_user_s_error_not_the_image_s(monkeypatch, text):
    monkeypatch.setenv(limits.VARIABLE, text)
    with pytest.raises(InputError, match="STRATA_IMAGE_LIMIT is") as caught:
        read_image(encoded(picture(), "PNG"))
    assert not isinstance(caught.value, ImageError)


def test_a_jpeg_of_many_scans_is_refused_where_it_takes_long(monkeypatch):
    data = many_scans(500)
    assert read_image(data).shape == (37, 53, 3)
    monkeypatch.setattr(limits, "_MOST_SCAN_WORK", 0)
    monkeypatch.setattr(limits, "MAX_SECONDS", 0.0005)
    with pytest.raises(
        ImageError, match=r"takes longer .*5\d\d scans of 53 x 37 pixels .*_LIMIT=\d"
    ):
        read_image(data)
    read_image(encoded(picture(), "JPEG", progressive=True))
    strips = encoded(picture(400, 400), "TIFF", compression="jpeg", strip_size=8000)
    assert strips.count(b"\xff\xda") > 5
    monkeypatch.setattr(limits, "MAX_SECONDS", 0.0002)
    assert read_image(strips).shape == (400, 400, 3)


CHILD = """
import sys
from strata.image_io import read_image

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if "VmHWM" in line)

data = sys.stdin.buffer.read()
read_image(data[:0] + open(sys.argv[1], "rb").read())
before = peak()
shape = read_image(data).shape
print((peak() - before) * 1024, shape[0] * shape[1])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("kind", ["gif", "turned jpeg", "progressive", "rgba", "webp", "gray 16"])
def test_no_image_takes_more_memory_than_was_estimated(kind, tmp_path):
    side = 2200
    image = Image.fromarray(np.zeros((side, side, 3), np.uint8))
    turn = Image.Exif()
    turn[0x0112] = 6
    data = {
        "gif": lambda: tiny_gif(side, side),
        "turned jpeg": lambda: encoded(image, "JPEG", exif=turn),
        "progressive": lambda: encoded(image, "JPEG", progressive=True),
        "rgba": lambda: encoded(image.convert("RGBA"), "PNG", compress_level=1),
        "webp": lambda: encoded(image, "WEBP", method=0),
        "gray 16": lambda: encoded(Image.new("I;16", (side, side)), "PNG", compress_level=1),
    }[kind]()
    small = tmp_path / "small"
    small.write_bytes(encoded(picture(), "WEBP" if kind == "webp" else "JPEG"))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, small], input=data, capture_output=True, check=True
    )
    used, pixels = map(int, done.stdout.split())
    with Image.open(io.BytesIO(data)) as opened:
        scans = limits.scan_count(opened, data)
        estimated = len(data) + pixels * limits.bytes_per_pixel(opened, scans)
    assert pixels == side * side
    assert 0.3 * estimated < used < estimated + 40_000_000  # a strip's temporaries


def test_a_gif_of_43_bytes():
    assert len(tiny_gif(4, 3)) == 43
    assert read_image(tiny_gif(4, 3)).shape == (3, 4, 3)
