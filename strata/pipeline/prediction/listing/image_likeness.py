"""Files of folders that are images all the same: raw images, foreign formats, odd suffixes."""

import os

from strata.image_io import SUFFIXES
from strata.image_io.formats import describe
from strata.pipeline.data.layout.signatures import is_image

AFFECTS_RESULTS = False  # an image is read or refused

#: Suffixes of cameras' raw images. Many are TIFF files, of which a reader would see a thumbnail.
_RAW = frozenset(
    (".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".kdc",
     ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl",
     ".sr2", ".srf", ".srw", ".x3f")
)  # fmt: skip
RAW_REASON = "a camera's raw image; develop it, and save it as JPEG or PNG"

#: Ends of the names of formats of pictures that are not read (`strata.image_io.formats`).
_PICTURES = ("image", "Photoshop document")


def is_raw(path: str) -> bool:
    """Test whether a file is a camera's raw image, by its suffix."""
    return _suffix(path) in _RAW and os.path.isfile(path)


def is_read_in_folders(path: str) -> bool:
    """Test for an image suffix or, where there is no suffix, for the content of an image."""
    suffix = _suffix(path)
    return suffix in SUFFIXES or (not suffix and os.path.isfile(path) and is_image(path))


def reason_if_image(path: str) -> str:
    """Reason why a file that is an image is not read in a folder; "" if it is plainly none.

    Args:
        path: a file without an image suffix.
    """
    if is_raw(path):
        return RAW_REASON
    if not os.path.isfile(path):  # a pipe or a device, whose opening could block
        return ""
    if is_image(path):
        return "an image by its content, but not by its name; rename it, or give its own path"
    try:
        with open(path, "rb") as file:
            found = describe(file.read(256))
    except OSError:
        return ""
    return found if found.partition(";")[0].endswith(_PICTURES) else ""


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()
