"""Files of a tar, plain or compressed, read one after the other."""

import bz2
import gzip
import lzma
import math
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

from strata.pipeline.data.archives.limits import Budget
from strata.pipeline.data.archives.member import DAMAGED, Member, is_skipped, not_a_file

#: First bytes of compressed files, and the readers.
_COMPRESSIONS: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": lambda raw: cast(IO[bytes], gzip.GzipFile(fileobj=raw)),
    b"BZh": lambda raw: cast(IO[bytes], bz2.BZ2File(raw)),
    b"\xfd7zXZ\0": lambda raw: cast(IO[bytes], lzma.LZMAFile(raw)),  # noqa: SIM115
    b"\x5d\0\0": lambda raw: cast(IO[bytes], lzma.LZMAFile(raw)),  # noqa: SIM115
}
#: Bytes of one tar header with its extensions (long names, PAX records), at most.
_MAX_HEADER = 1 << 20

_BLOCK = 1 << 20


def is_tar(path: Path) -> bool:
    """Test whether a file is a tar, by its first header.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, "rb") as raw:
        try:
            return _is_header(_decompressed(raw).read(tarfile.BLOCKSIZE))
        except (*DAMAGED, OSError):
            return False


def tar_members(archive: Path, budget: Budget) -> Iterator[Member]:
    """Yield the regular files of a tar; the size in each header is checked first."""
    with open(archive, "rb") as raw:
        stream = _HeaderGuard(_decompressed(raw))
        with tarfile.open(fileobj=cast(IO[bytes], stream), mode="r:", encoding="utf-8") as opened:
            before = -1
            for info in _infos(opened, stream):
                if info.size < 0 or opened.offset <= before:
                    raise tarfile.ReadError("a size in it is negative")
                before = opened.offset
                budget.check(info.size, 1)
                if info.isdir() or is_skipped(info.name):
                    budget.spend(info.size, 1)  # what is skipped has to be decompressed too
                    continue
                if not info.isreg() or info.sparse is not None:
                    raise not_a_file(archive, info.name, *_remedy(info))
                yield Member(
                    info.name,
                    info.size,
                    lambda info=info: cast(IO[bytes], opened.extractfile(info)),  # type: ignore[misc]
                    raw.tell,
                )
            _check_end(opened, stream, budget)


def _infos(opened: tarfile.TarFile, stream: "_HeaderGuard") -> Iterator[tarfile.TarInfo]:
    """Yield the headers of a tar without keeping them."""
    while True:
        stream.header_bytes = _MAX_HEADER
        info = opened.next()
        stream.header_bytes = math.inf
        if info is None:
            return
        yield info
        opened.members.clear()  # type: ignore[attr-defined]


def _check_end(opened: tarfile.TarFile, stream: "_HeaderGuard", budget: Budget) -> None:
    """Read the archive to its end: it must not be cut off, and its checksum must match."""
    stream.seek(opened.offset)  # tarfile takes a cut tar for a whole one
    if stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("it is cut off or damaged")
    while block := stream.read(_BLOCK):
        budget.spend(len(block))


class _HeaderGuard:
    """Stream of a tar that refuses to read a header of more than `header_bytes` into memory."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.header_bytes: float = _MAX_HEADER
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > self.header_bytes:
            raise tarfile.ReadError(f"a header in it is larger than {_MAX_HEADER:,} bytes")
        self.header_bytes -= size
        return self._stream.read(size)


def _decompressed(raw: IO[bytes]) -> IO[bytes]:
    """Return a reader of a file's decompressed content."""
    start = raw.read(8)
    raw.seek(0)
    for magic, reader in _COMPRESSIONS.items():
        if start.startswith(magic):
            return reader(raw)
    return raw


def _is_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return block == bytes(tarfile.BLOCKSIZE)  # an archive without files
    return True


def _remedy(info: tarfile.TarInfo) -> tuple[str, str]:
    if info.islnk():
        return "a hard link", "Pack the files themselves (tar --hard-dereference)"
    if info.issym():
        return "a symbolic link", "Pack the files themselves (tar --dereference)"
    if info.sparse is not None:
        return "a sparse file", "Pack it without --sparse"
    return "a device, a pipe or something else that is no file", "Leave it out of the archive"
