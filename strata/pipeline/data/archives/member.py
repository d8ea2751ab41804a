"""A file in an archive, and the errors of archives."""

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple

from strata.errors import InputError
from strata.pipeline.data.layout import is_junk

#: Exceptions of zipfile, tarfile and the decompressors on damaged files.
DAMAGED = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    ArithmeticError,
    LookupError,
    MemoryError,
    NotImplementedError,  # a compression that this Python lacks
    RuntimeError,  # an encrypted zip; headers within headers without end
    ValueError,
)


class Member(NamedTuple):
    """A regular file in an archive.

    Attributes:
        name: path inside the archive.
        size: claimed number of bytes, unpacked.
        open: opens it for reading, before the next member is taken.
        done: returns the number of compressed bytes read so far.
    """

    name: str
    size: int
    open: Callable[[], IO[bytes]]
    done: Callable[[], int]


def is_skipped(name: str) -> bool:
    """Test whether a path leads through a hidden name or one that systems leave behind."""
    return any(is_junk(part) and part not in (".", "..") for part in name.split("/"))


def not_a_file(archive: Path, name: str, what: str, remedy: str) -> InputError:
    """Error about a member that is no regular file, and the remedy."""
    return InputError(
        f"The archive {archive} holds {what}, which is not unpacked: {name!r}.",
        f"{remedy}, or unpack it by hand and give the folder.",
    )
