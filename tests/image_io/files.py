"""Small image files for the tests of this package."""

import io
import struct
import zlib

import numpy as np
import tifffile
from PIL import Image


def picture(height=37, width=53):
    """Smooth enough for lossy formats, not symmetric in any way."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) % 64 + 64], -1).astype(np.uint8)


def encoded(image, fmt, **options):
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    buffer = io.BytesIO()
    image.save(buffer, fmt, **options)
    return buffer.getvalue()


def tiff(values, **options):
    """A TIFF by tifffile."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(values, bits, color, transparent=()):
    """A PNG of packed rows: bits of a sample, its number of the color type, its tRNS values."""
    height, width = values.shape[:2]
    if bits == 16:
        rows = [row.astype(">u2").tobytes() for row in values]
    else:
        bit_rows = np.unpackbits(values.astype(np.uint8)[..., None], axis=-1)[..., 8 - bits :]
        rows = [np.packbits(row.ravel()).tobytes() for row in bit_rows]
    head = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    extra = chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + (extra if len(transparent) else b"")
        + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
        + chunk(b"IEND", b"")
    )


def huge_png(width, height):
    """A PNG that claims a size, with next to no pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def tiff_12_bits(values, *, compress=False):
    """A TIFF with two values of 12 bits in three bytes, rows padded to bytes."""
    height, width = values.shape
    bits = np.unpackbits(values.astype(">u2").view(np.uint8).reshape(height, width, 2), axis=2)
    pixels = b"".join(np.packbits(row[:, 4:].ravel()).tobytes() for row in bits)
    pixels = zlib.compress(pixels) if compress else pixels
    entries = [
        (256, 3, width), (257, 3, height), (258, 3, 12), (259, 3, 8 if compress else 1),
        (262, 3, 1), (273, 4, 8), (277, 3, 1), (278, 3, height), (279, 4, len(pixels)),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries
    )
    start = 8 + len(pixels) + len(pixels) % 2
    body = pixels + bytes(len(pixels) % 2)
    return b"II*\0" + struct.pack("<I", start) + body + directory + bytes(4)


#: One file of each kind that is read.
FILES = {
    "jpeg": encoded(picture(), "JPEG"),
    "progressive": encoded(picture(), "JPEG", progressive=True),
    "cmyk": encoded(Image.fromarray(picture()).convert("CMYK"), "JPEG"),
    "png": encoded(picture(), "PNG"),
    "bmp": encoded(picture(), "BMP"),
    "tiff": encoded(picture(), "TIFF"),
    "webp": encoded(picture(), "WEBP"),
    "webp lossless": encoded(picture(), "WEBP", lossless=True),
    "gif": encoded(Image.fromarray(picture()).quantize(), "GIF"),
}
