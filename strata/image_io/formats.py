"""File formats: what is read, and what a file is that is not."""

from importlib.util import find_spec

from strata.image_io.tiff_layout import describe_tiff

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

_SAVE = "save it as JPEG or PNG, as by ImageMagick's `magick FILE FILE.png`"

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
    (b"\x93NUMPY", "a NumPy array", "save it as PNG or TIFF, by `Image.fromarray(a).save(FILE)`"),
    (b"\x89HDF", "an HDF5 file", "save its images as PNG or TIFF"),
    (b"FUJIFILMCCD-RAW", "a camera's raw image", "develop it, and save it as JPEG or PNG"),
    (b"\0\0\x01\0", "an icon (ICO)", _SAVE),
    (b"%PDF", "a PDF document", "save its pages as PNG, as by `pdftoppm -png FILE PAGE`"),
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
    if brand in _AVIF_BRANDS and find_spec("PIL._avif"):
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
        return "a DICOM image; save it as 16-bit PNG, as by `dcm2pnm +on2 FILE FILE.png`"
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
            "an HEIC image; install pillow-heif to have it read, `pip install 'strata[heif]'`, or "
            f"{_SAVE}"
        )
    if brand in _AVIF_BRANDS:
        if find_spec("PIL._avif"):
            return "a damaged AVIF image"
        return f"an AVIF image; `pip install -U pillow` to have it read, or {_SAVE}"
    return "a video; save frames of it as JPEG or PNG"
