"""File formats: what is read, and what a file is that is not."""

import io
from importlib.util import find_spec
from typing import Any

AFFECTS_RESULTS = False  # an image is read or refused

#: Pillow's names of the formats that are read, the most common first; others are refused, so that
#: untrusted content never selects an exotic decoder.
FORMATS = ("JPEG", "PNG", "BMP", "DIB", "GIF", "TIFF", "WEBP")

#: File suffixes, in lower case, that mark images.
SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".gif",
     ".heic", ".heif", ".avif")
)  # fmt: skip

#: Major brands of ISO base media files that hold one picture.
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_AVIF_BRANDS = (b"avif", b"avis")

_SAVE = "save it as JPEG or PNG (ImageMagick: `magick FILE FILE.png`)"

#: First bytes of files that are not read, what they are, and what to do.
_SIGNATURES = (
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image", _SAVE),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image", _SAVE),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image", _SAVE),
    (b"\xff\x0a", "a JPEG XL image", _SAVE),
    (b"8BPS", "a Photoshop document", "export it as JPEG or PNG"),
    (b"v/1\x01", "an OpenEXR image", _SAVE),
    (b"#?RADIANCE", "a Radiance HDR image", _SAVE),
    (b"SIMPLE  =", "a FITS image", "save it as 16-bit PNG or TIFF"),
    (b"\x93NUMPY", "a NumPy array", "save it as PNG or TIFF (`PIL.Image.fromarray(a).save(...)`)"),
    (b"\x89HDF", "an HDF5 file", "save its images as PNG or TIFF"),
    (b"FUJIFILMCCD-RAW", "a camera's raw image", "develop it, and save it as JPEG or PNG"),
    (b"\0\0\x01\0", "an icon (ICO)", _SAVE),
    (b"%PDF", "a PDF document", "save its pages as PNG (`pdftoppm -png FILE PAGE`)"),
    (b"<svg", "an SVG drawing", _SAVE),
    (b"<?xml", "an XML file", "put the images themselves there"),
    (b"<!doctype", "a web page, as of a failed download", "download the image again"),
    (b"<html", "a web page, as of a failed download", "download the image again"),
    (b"version https://git-lfs", "a Git LFS pointer", "fetch the images with `git lfs pull`"),
    (b"\0\x05\x16\x07", "an AppleDouble file, which holds no image", "remove it"),
    (b"PK\x03\x04", "a zip archive", "unpack it"),
    (b"\x1f\x8b", "a gzip file", "unpack it"),
    (b"\x1a\x45\xdf\xa3", "a video", "save frames of it as JPEG or PNG"),
    (b"%!PS", "a PostScript document", _SAVE),
    *((b"P%d" % i + space, "a PNM image", _SAVE) for i in range(1, 8) for space in (b"\n", b" ")),
)  # fmt: skip


def formats_of(data: bytes) -> tuple[str, ...]:
    """Pillow's names of the formats that a file may have, by its content."""
    brand = data[8:12] if data[4:8] == b"ftyp" else b""
    if brand in _AVIF_BRANDS:
        from PIL import features

        if features.check("avif"):
            return ("AVIF",)
    if brand in (*_HEIF_BRANDS, *_AVIF_BRANDS) and find_spec("pillow_heif"):
        import pillow_heif

        pillow_heif.register_heif_opener()
        return ("HEIF",)
    return FORMATS


def describe(data: bytes) -> str:
    """Tell what a file is that could not be identified as an image, and how to convert it."""
    start = data[:32].lstrip().lower()
    for signature, name, remedy in _SIGNATURES:
        if data.startswith(signature) or start.startswith(signature.lower()):
            return f"{name}; {remedy}"
    if data[4:8] == b"ftyp":
        return _describe_media(data[8:12])
    if data[128:132] == b"DICM":
        return "a DICOM image; save it as 16-bit PNG or TIFF (`dcm2pnm +on2 FILE FILE.png`)"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return describe_tiff(data)
    if not data.strip(b"\0"):
        return "damaged (all bytes are zero)"
    return "damaged, or not an image that can be read (JPEG, PNG, BMP, TIFF, WebP, GIF, AVIF)"


def _describe_media(brand: bytes) -> str:
    if brand in _HEIF_BRANDS:
        if find_spec("pillow_heif"):
            return "a damaged HEIC image"
        return (
            "an HEIC image; install pillow-heif to have it read (`pip install 'strata[heif]'`), or "
            f"{_SAVE}"
        )
    if brand in _AVIF_BRANDS:
        from PIL import features

        if features.check("avif"):
            return "a damaged AVIF image"
        return f"an AVIF image; `pip install -U pillow` to have it read, or {_SAVE}"
    return "a video; save frames of it as JPEG or PNG"


#: TIFF tags: bits and kind of a sample, samples of a pixel, color space.
_BITS, _KIND, _SAMPLES, _PHOTOMETRIC = 258, 339, 277, 262
_KINDS = {1: "unsigned integers", 2: "signed integers", 3: "floats", 5: "complex integers",
          6: "complex floats"}  # fmt: skip


def describe_tiff(data: bytes) -> str:
    """Describe the samples of a TIFF that is not read, and how to convert it."""
    tags = _tiff_tags(data)
    bits, kinds = tags.get(_BITS, (1,)), tags.get(_KIND, (1,))
    samples = tags.get(_SAMPLES, 1)
    if not tags or not bits or not kinds:
        return "a damaged TIFF"
    each = f"{bits[0]}-bit {_KINDS.get(kinds[0], 'samples')}"
    if samples > 4:
        return (
            f"a TIFF of {samples} bands of {each}; keep the three bands to look at "
            "(`gdal_translate -of PNG -ot Byte -scale -b 4 -b 3 -b 2 FILE FILE.png`)"
        )
    return (
        f"a TIFF of {samples} {'band' if samples == 1 else 'bands'} of {each}, which is not read; "
        "save it with 8-bit or 16-bit integers, or one band as 32-bit floats "
        "(`gdal_translate -ot UInt16 -scale FILE FILE.tif`)"
    )


def _tiff_tags(data: bytes) -> Any:
    """Tags of the first picture of a TIFF, empty where they are damaged."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    stream = io.BytesIO(data)
    try:
        tags = ImageFileDirectory_v2(
            stream.read(16 if data[2:3] == b"+" or data[3:4] == b"+" else 8)
        )
        stream.seek(tags.next)
        tags.load(stream)
        return {tag: tags[tag] for tag in (_BITS, _KIND, _SAMPLES, _PHOTOMETRIC) if tag in tags}
    except Exception:  # damaged tags raise nearly any exception
        return {}
