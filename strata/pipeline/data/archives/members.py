"""Files in an archive: zip, and tar with its compressions, read one after the other."""

import bz2
import gzip
import lzma
import math
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from strata.errors import InputError
from strata.pipeline.data.archives.limits import Budget
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


def archive_kind(path: Path) -> str:
    """Kind of an archive by its content: "zip", "tar" or "" for none.

    Tar goes first: the last file in a tar may be a zip, whose directory then ends the tar.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, "rb") as raw:
        start = raw.read(512)
        if any(start.startswith(magic) for magic in _COMPRESSIONS):
            raw.seek(0)
            try:
                start = _decompressed(raw).read(512)
            except (*DAMAGED, OSError):
                return ""
            return "tar" if _is_tar_header(start) else ""
    if start.startswith(b"PK\3\4"):  # or a zip may begin with a tar
        return "zip" if zipfile.is_zipfile(path) else ""
    if _is_tar_header(start):
        return "tar"
    return "zip" if zipfile.is_zipfile(path) else ""


def members(archive: Path, budget: Budget) -> Iterator[Member]:
    """Yield the regular files of a zip or tar; hidden files and folders are left out.

    Raises:
        InputError: it holds a link or device, or claims more than the budget.
        Exception: one of `DAMAGED`.
    """
    return (_zip_members if archive_kind(archive) == "zip" else _tar_members)(archive, budget)


def _is_tar_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return block == bytes(512)  # an archive without files
    return True


def _zip_members(archive: Path, budget: Budget) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as opened:
        found = [(i.filename.replace("\\", "/"), i) for i in opened.infolist()]  # of Windows tools
        wanted = [(n, i) for n, i in found if not (_is_folder(n, i) or _is_skipped(n))]
        budget.check(sum(info.file_size for _, info in wanted), len(found))
        done = 0
        for name, info in wanted:
            done += info.compress_size
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
                raise _not_a_file(archive, info.filename, "a link or device", _ZIP_LINK)
            yield Member(
                name,
                info.file_size,
                lambda info=info: opened.open(info),  # type: ignore[misc]
                lambda done=done: done,  # type: ignore[misc]
            )


def _is_folder(name: str, info: zipfile.ZipInfo) -> bool:
    return name.endswith("/") or stat.S_ISDIR(info.external_attr >> 16)


def _tar_members(archive: Path, budget: Budget) -> Iterator[Member]:
    with open(archive, "rb") as raw:
        stream = _HeaderGuard(_decompressed(raw))
        with tarfile.open(fileobj=cast(IO[bytes], stream), mode="r:", encoding="utf-8") as opened:
            before = -1
            for info in _infos(opened, stream):
                if info.size < 0 or opened.offset <= before:
                    raise tarfile.ReadError("a size in it is negative")
                before = opened.offset
                budget.check(info.size, 1)
                if info.isdir() or _is_skipped(info.name):
                    budget.spend(info.size, 1)  # what is skipped has to be decompressed too
                    continue
                if not info.isreg() or info.sparse is not None:
                    raise _not_a_file(archive, info.name, *_tar_remedy(info))
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


def _is_skipped(name: str) -> bool:
    return any(is_junk(part) and part not in (".", "..") for part in name.split("/"))


_ZIP_LINK = "Pack the files themselves (zip without -y)"


def _tar_remedy(info: tarfile.TarInfo) -> tuple[str, str]:
    if info.islnk():
        return "a hard link", "Pack the files themselves (tar --hard-dereference)"
    if info.issym():
        return "a symbolic link", "Pack the files themselves (tar --dereference)"
    if info.sparse is not None:
        return "a sparse file", "Pack it without --sparse"
    return "a device, a pipe or something else that is no file", "Leave it out of the archive"


def _not_a_file(archive: Path, name: str, what: str, remedy: str) -> InputError:
    return InputError(
        f"The archive {archive} holds {what}, which is not unpacked: {name!r}.",
        f"{remedy}, or unpack it by hand and give the folder.",
    )
