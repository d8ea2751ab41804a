"""Images recognized by their first bytes, for files without a suffix."""

import re

#: JPEG, PNG, GIF, WebP, TIFF, HEIC, AVIF, and BMP with its reserved bytes.
_SIGNATURE = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP|II\*\x00|MM\x00\*"
    rb"|....ftyp(?:heic|heix|mif1|avif)|BM....\x00\x00\x00\x00",
    re.DOTALL,
)


def is_image(path: str) -> bool:
    """Test whether a regular file begins as an image does; False if it cannot be opened."""
    try:
        with open(path, "rb") as file:
            return _SIGNATURE.match(file.read(16)) is not None
    except OSError:
        return False
