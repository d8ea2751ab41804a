"""Layout of the samples of a TIFF that is not read."""

import io
from typing import Any

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
            f"a TIFF of {samples} bands of {each}; keep the three bands to look at, as by "
            "`gdal_translate -of PNG -ot Byte -scale -b 4 -b 3 -b 2 FILE FILE.png`"
        )
    return (
        f"a TIFF of {samples} {'band' if samples == 1 else 'bands'} of {each}, which is not read; "
        "save it with 8-bit or 16-bit integers, or one band as 32-bit floats, as by "
        "`gdal_translate -ot UInt16 -scale FILE FILE.tif`"
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
