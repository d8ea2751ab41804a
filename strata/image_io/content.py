"""Bytes of an image file, read without hanging and within the memory allowed."""

import hashlib
import os
import stat
from pathlib import Path

from strata.image_io.errors import ImageError
from strata.image_io.limits import VARIABLE, max_bytes

AFFECTS_RESULTS = False  # the same bytes or an error


def read_content(path: Path, digest: str | None = None) -> bytes:
    """Read the bytes of a file.

    Args:
        path: a regular file; a pipe or a device is refused, not waited for.
        digest: sha256 in hex that the content must have, as when the images were listed.

    Raises:
        ImageError: the file cannot be opened, is larger than the memory allowed, or has another
            content than `digest` says.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ImageError(str(path), "is a pipe or a device, not a file")
            if status.st_size > max_bytes():
                raise _too_large(path, status.st_size)
            data = file.read(max_bytes() + 1 if not status.st_size else -1)
    except IsADirectoryError:
        raise ImageError(str(path), "is a folder, not a file") from None
    except FileNotFoundError:
        raise ImageError(str(path), "no such file") from None
    except OSError as error:
        raise ImageError(str(path), f"cannot be opened ({error.strerror or error})") from error
    except ValueError as error:  # a NUL in the path
        raise ImageError(repr(str(path)), f"cannot be opened ({error})") from error
    except MemoryError:
        raise ImageError(str(path), "too large for the memory") from None
    if digest is not None and hashlib.sha256(data).hexdigest() != digest:
        raise ImageError(
            str(path),
            "was changed after the images were listed.",
            "Run the command again: changed images are then read anew. Nothing was kept of this "
            "one.",
        )
    return data


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe without a writer too, at once."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _too_large(path: Path, size: int) -> ImageError:
    return ImageError(
        str(path),
        f"larger than the {max_bytes():,} bytes that {VARIABLE} allows ({size:,} bytes)",
    )
