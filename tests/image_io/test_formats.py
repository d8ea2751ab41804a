import sys
import types

import numpy as np
import pytest
from PIL import Image, features

from strata.image_io import ImageError, decode, formats, limits, reader_version
from tests.image_io.files import FILES, encoded, picture, tiff

FLOATS = np.random.default_rng(0).random((8, 9))
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (tiff(np.zeros((8, 9, 13), np.uint16), planarconfig="contig"),
         r"a TIFF of 13 bands of 16-bit unsigned integers, .*-b 4 -b 3 -b 2 -scale LOW HIGH"),
        (tiff(np.repeat(FLOATS[..., None], 3, 2).astype(np.float32), photometric="rgb"),
         "a TIFF of 3 bands of 32-bit floats, which is not read; save .*UInt16 -scale LOW HIGH"),
        (tiff(FLOATS), "a TIFF of 1 band of 64-bit floats, .*-ot Float32"),
        (tiff(FLOATS.astype(np.float16)), "a TIFF of 1 band of 16-bit floats"),
        (tiff(FLOATS.astype(np.complex64)), "a TIFF of 1 band of 64-bit complex floats"),
        (tiff(np.ones((8, 9), np.uint32), byteorder=">"), "1 band of 32-bit unsigned integers"),
        (tiff(FLOATS, bigtiff=True), "a TIFF of 1 band of 64-bit floats"),
        (b"II*\0" + bytes(4), "a damaged TIFF"),
        (HEIC, r"an HEIC image; install pillow-heif .*strata\[heif\].*magick"),
        (HEIC.replace(b"heic", b"mp42"), "a video"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 image; save it as JPEG or PNG"),
        (b"8BPS\0\1", "a Photoshop document"),
        (b" <!DOCTYPE html><title>404</title>", "a web page, as of a failed download"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer.*git lfs pull"),
        (b"%PDF-1.7", "a PDF document"),
        (bytes(128) + b"DICM", "a DICOM image"),
        (bytes(5000), "all bytes are zero"),
        (b"\x93NUMPY\1\0", "a NumPy array"),
        (b"neither", r"damaged, or not an image that can be read \(JPEG, PNG"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_with_a_remedy(data, reason):
    with pytest.raises(ImageError, match=reason):
        decode(data)


@pytest.mark.skipif(not features.check("avif"), reason="Pillow without AVIF")
def test_avif_is_read():
    image, _ = decode(encoded(picture(), "AVIF", quality=95))
    assert np.abs(image.astype(int) - picture()).mean() < 6
    with pytest.raises(ImageError, match="a damaged AVIF image"):
        decode(encoded(picture(), "AVIF")[:60])


def test_avif_where_pillow_cannot_read_it(monkeypatch):
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    with pytest.raises(ImageError, match="an AVIF image; `pip install -U pillow`"):
        decode(b"\0\0\0\x18ftypavif" + bytes(40))


@pytest.fixture
def heif(monkeypatch):
    """A stand-in for pillow-heif: it registers a decoder as the real one does."""

    from PIL import ImageFile

    class HeifImageFile(ImageFile.ImageFile):
        format = "HEIF"

        def _open(self):
            if b"cut" in self.fp.read():
                raise SyntaxError("cut")
            self._size, self._mode = (5, 4), "RGB"
            self.tile = []
            self.im = Image.new("RGB", (5, 4), (1, 2, 3)).im

        def load(self):
            return self.im.pixel_access(True)

    def register_heif_opener():
        Image.register_open("HEIF", HeifImageFile, lambda prefix: prefix[4:8] == b"ftyp")

    module = types.ModuleType("pillow_heif")
    module.register_heif_opener = register_heif_opener
    module.__spec__ = types.SimpleNamespace(name="pillow_heif")
    monkeypatch.setitem(sys.modules, "pillow_heif", module)
    Image.init()
    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    monkeypatch.setattr(Image, "ID", list(Image.ID))


def test_heic_is_read_by_pillow_heif(heif):
    image, _ = decode(HEIC)
    assert image.shape == (4, 5, 3)
    assert (image == (1, 2, 3)).all()
    with pytest.raises(ImageError, match="a damaged HEIC image"):
        decode(HEIC + b"cut")
    np.testing.assert_array_equal(decode(FILES["png"])[0], picture())  # and nothing else by it


def test_a_decoder_that_was_installed_is_noticed(monkeypatch):
    monkeypatch.setattr(limits, "_decoders", limits._decoders.__wrapped__)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    without = reader_version()
    monkeypatch.setitem(sys.modules, "pillow_heif", types.ModuleType("pillow_heif"))
    sys.modules["pillow_heif"].__spec__ = types.SimpleNamespace(name="pillow_heif")
    assert reader_version() != without
    monkeypatch.setenv("STRATA_IMAGE_LIMIT", "2")
    assert reader_version() not in (without, None)
