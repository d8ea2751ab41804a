"""Container of a model file: a zip of named entries, written atomically and read with limits.

Nothing that a file says of itself is trusted: before any byte is unpacked, its directory must be
small, its entries must have plain and different names, lie inside the file side by side and not
unpack to more than `MOST_UNPACKED` times the file's size; and then no more is unpacked than that.
"""

import hashlib
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from strata.errors import InputError
from strata.files import atomic_writer

AFFECTS_RESULTS = False  # how files are written, not what is in them

#: Names that an entry can have.
NAME = re.compile(r"model\.json|artifacts/[A-Za-z0-9_-]{1,100}\.(?:json|safetensors)", re.ASCII)

#: An entry unpacks to at most so many times its packed size and some bytes, all of them together to
#: at most so many times the file's and some bytes.
MOST_UNPACKED, SOME_BYTES = 20, 2**20

#: Bytes of a directory of a few thousand entries.
_LARGEST_DIRECTORY = 2**20

_CHUNK = 2**20
_SAMPLE = 2**16, 16  # bytes of a piece, and pieces, of what is packed on trial
_WORTHWHILE = 0.8  # of the size that packing leaves
_OPENED = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)  # pipes: no wait

#: Size, time of modification and number of a file: another one is another file.
Stamp = tuple[int, int, int]


class NotAModelFile(Exception):
    """Reason why a file is refused, as part of a sentence."""


def refused(path: Path, reason: str) -> InputError:
    """Error for a file that is no model file, or a damaged one."""
    return InputError(
        f"{path} is not a whole model file: {reason.rstrip('.')}.",
        "Copy it again from where it was made, or export the method again: "
        "strata export METHOD FILE.strata.",
    )


@contextmanager
def container_writer(path: Path) -> Iterator[Callable[[str, bytes], str]]:
    """Write a container; a function that adds an entry and returns the sha256 of its bytes.

    The same entries give the same file, byte for byte, with the same version of zlib.

    Raises:
        InputError: the file cannot be written; one that was there is unchanged.
    """
    try:
        with atomic_writer(path) as stream, zipfile.ZipFile(stream, "w") as archive:

            def add(name: str, data: bytes) -> str:
                assert NAME.fullmatch(name), name
                info = zipfile.ZipInfo(name)  # of 1980, so that the time is not in the file
                info.external_attr = 0o644 << 16
                archive.writestr(info, data, _packing(data), 6)
                return hashlib.sha256(data).hexdigest()

            yield add
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Name a file in a folder that exists, with enough space.",
        ) from error


def _packing(data: bytes) -> int:
    """Deflation where it takes off a fifth, and no more than a reader believes."""
    length, pieces = _SAMPLE
    starts = range(0, len(data), max(length, len(data) // pieces))
    sample = b"".join(data[start : start + length] for start in starts)
    if len(zlib.compress(sample)) > _WORTHWHILE * len(sample):
        return zipfile.ZIP_STORED
    believed = len(zlib.compress(data)) * MOST_UNPACKED >= len(data)
    return zipfile.ZIP_DEFLATED if believed else zipfile.ZIP_STORED


class Container:
    """Entries of a model file by name.

    Attributes:
        path: the file.
        stamp: of the file when it was opened.
        sizes: bytes of each entry, unpacked.

    Raises:
        InputError: no such file, no container, or a damaged one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._place = path.absolute()
        with self._open() as (stream, archive):
            self.stamp = _stamp(stream)
            self.sizes = {info.filename: info.file_size for info in archive.infolist()}

    def read(self, name: str) -> bytes:
        """Bytes of one entry.

        Raises:
            InputError: no such entry, a damaged one, or the file is another one by now.
        """
        with self._open() as (stream, archive):
            if _stamp(stream) != self.stamp:
                raise NotAModelFile("it was changed while it was in use")
            return b"".join(_unpacked(archive, name))

    def verify(self, digests: Mapping[str, str]) -> None:
        """Compare all entries but `model.json` with their sha256.

        Raises:
            InputError: another content, an entry too many or too few.
        """
        with self._open() as (_, archive):
            others = self.sizes.keys() - {"model.json"}
            for name in sorted(others ^ digests.keys()):
                odd = "is missing" if name in digests else "is in no list"
                raise NotAModelFile(f"its entry {name} {odd}")
            for name, digest in digests.items():
                found = hashlib.sha256()
                for chunk in _unpacked(archive, name):
                    found.update(chunk)
                if found.hexdigest() != digest:
                    raise NotAModelFile(f"its entry {name} was altered")

    @contextmanager
    def _open(self) -> Iterator[tuple[IO[bytes], zipfile.ZipFile]]:
        try:
            descriptor = os.open(self._place, _OPENED)
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be read: {error.strerror or error}.",
                "Name a file that strata export wrote.",
            ) from error
        try:
            with open(descriptor, "rb") as stream:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise NotAModelFile("it is no file but something else")
                _check_end(stream)
                with zipfile.ZipFile(stream) as archive:
                    _check_directory(archive.infolist(), os.fstat(descriptor).st_size)
                    yield stream, archive
        except NotAModelFile as error:
            raise refused(self.path, str(error)) from None
        except InputError:
            raise
        except Exception as error:  # zipfile raises a dozen kinds for what is damaged
            raise refused(self.path, f"{type(error).__name__}: {error}".rstrip(": ")) from error


def _stamp(stream: IO[bytes]) -> Stamp:
    status = os.fstat(stream.fileno())
    return status.st_size, status.st_mtime_ns, status.st_ino


def _check_end(stream: IO[bytes]) -> None:
    """Refuse what does not end as our files do, or has a directory that takes long to read."""
    size = stream.seek(0, os.SEEK_END)
    if not size:
        raise NotAModelFile("it is empty")
    stream.seek(0)
    if stream.read(4) != b"PK\x03\x04":
        raise NotAModelFile("it does not begin as one")
    stream.seek(max(0, size - 98))
    tail = stream.read()
    if tail[-22:-18] != b"PK\x05\x06" or tail[-2:] != b"\0\0":
        raise NotAModelFile("its end is missing")
    directory = struct.unpack("<L", tail[-10:-6])[0]
    if tail[-42:-38] == b"PK\x06\x07":  # zip64, of files from 4 GB on
        directory = struct.unpack("<Q", tail[-58:-50])[0]
    if directory > _LARGEST_DIRECTORY:
        raise NotAModelFile(f"its directory has {directory} bytes")


def _check_directory(entries: list[zipfile.ZipInfo], size: int) -> None:
    names = [entry.filename for entry in entries]
    for entry in entries:
        shown = ascii(entry.filename)
        if not NAME.fullmatch(entry.filename) or entry.filename != entry.orig_filename:
            raise NotAModelFile(f"it has an entry {shown}, which no model file has")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise NotAModelFile(f"its entry {shown} is packed in an unknown way")
        if entry.flag_bits & 1:
            raise NotAModelFile(f"its entry {shown} is encrypted")
        if entry.file_size > MOST_UNPACKED * entry.compress_size + SOME_BYTES:
            raise NotAModelFile(f"its entry {shown} would unpack to {entry.file_size} bytes")
    if len(set(names)) < len(names):
        raise NotAModelFile("two of its entries have one name")
    if "model.json" not in names:
        raise NotAModelFile("it has no entry model.json")
    if sum(entry.compress_size for entry in entries) > size:
        raise NotAModelFile("its entries overlap or lie outside")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MOST_UNPACKED * size + SOME_BYTES:
        raise NotAModelFile(f"it has {size} bytes and would unpack to {unpacked}")


def _unpacked(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Content of an entry in chunks, no more than its size says; zipfile compares the CRC."""
    size = archive.getinfo(name).file_size
    with archive.open(name) as stream:
        while chunk := stream.read(_CHUNK):
            size -= len(chunk)
            yield chunk
    if size:
        raise NotAModelFile(f"its entry {name} is cut off")
