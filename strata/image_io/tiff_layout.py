"""Layout of the samples of a TIFF that is not read."""

import io
from typing import Any

#: TIFF tags: bits and kind of a sample, samples of a pixel.
_BITS, _KIND, _SAMPLES = 258, 339, 277
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
    bands = "1 band" if samples == 1 else f"{samples} bands"
    return f"a TIFF of {bands} of {each}, which is not read; {_remedy(samples)}"


def _remedy(samples: int) -> str:
    """Conversion of a TIFF; of one band without a range, which the whole data set has in common."""
    if samples < 3:
        return (
            "save its band as 32-bit floats, as by `gdal_translate -ot Float32 -b 1 FILE FILE.tif`"
        )
    if samples > 4:
        kept, options = "the three bands to look at", "-ot Byte -b 4 -b 3 -b 2"
    else:
        kept, options = "its bands as 16-bit integers", "-ot UInt16"
    return (
        f"save {kept}, as by `gdal_translate {options} -scale LOW HIGH FILE FILE.tif` with the "
        "same LOW and HIGH for all images"
    )


def _tiff_tags(data: bytes) -> Any:
    """Tags of the first picture of a TIFF, empty where they are damaged."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    stream = io.BytesIO(data)
    try:
        tags = ImageFileDirectory_v2(stream.read(16 if b"+" in data[2:4] else 8))  # "+": BigTIFF
        stream.seek(tags.next)
        tags.load(stream)
        return {tag: tags[tag] for tag in (_BITS, _KIND, _SAMPLES) if tag in tags}
    except Exception:  # damaged tags raise nearly any exception
        return {}
