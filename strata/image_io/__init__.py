"""Image reading: any common file format to an RGB uint8 array; all decoding is here.

May import nothing of the project but `errors`. Start at `reader.py`; `content.py` reads and checks
bytes, `limits.py` bounds what one image may take, `deep.py` and `value_range.py` scale samples of
more than 8 bits, `formats.py` tells what a file is that cannot be read.
"""

from strata.image_io.content import read_content
from strata.image_io.errors import ImageError
from strata.image_io.formats import SUFFIXES
from strata.image_io.image_list import check_images, downscale
from strata.image_io.limits import reader_version
from strata.image_io.reader import decode, read_image
from strata.image_io.value_range import Extent, Range, full_range, ranges_by_kind

__all__ = [
    "SUFFIXES",
    "Extent",
    "ImageError",
    "Range",
    "check_images",
    "decode",
    "downscale",
    "full_range",
    "ranges_by_kind",
    "read_content",
    "read_image",
    "reader_version",
]
