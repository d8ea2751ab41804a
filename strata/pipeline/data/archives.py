"""Unpacking of zip and tar archives: once per content, atomically, without path traversal."""

import hashlib
import json
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from strata.digest import file_digest
from strata.errors import InputError
from strata.files import write_atomic
from strata.locks import file_lock
from strata.pipeline.data.layout import is_junk
from strata.progress import ProgressCallback

#: Limits against decompression bombs: an archive may unpack to this many times its size, and to
#: `FREE_BYTES` in any case.
MAX_RATIO = 200
FREE_BYTES = 1 << 30

_BLOCK = 1 << 20
#: Exceptions of zipfile and tarfile on damaged files.
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    NotImplementedError,  # a compression that this Python lacks
    RuntimeError,  # an encrypted zip
    ValueError,
)


class Member(NamedTuple):
    """A regular file in an archive; `size` is in bytes, unpacked."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


def is_archive(path: Path) -> bool:
    """Test whether a file is a zip or tar archive, by its content."""
    return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)


def unpack_archive(
    archive: Path,
    cache: Path,
    *,
    sha256: str | None = None,
    progress: ProgressCallback | None = None,
) -> Path:
    """Unpack an archive on first use; return the folder with its files.

    Args:
        archive: zip or tar (.gz, .bz2, .xz).
        cache: folder to unpack into, one subfolder per archive content (sha256).
        sha256: expected digest of the archive in hex, if known.
        progress: called with the compressed bytes done and in all.

    Raises:
        InputError: the archive is damaged, encrypted or has another digest, unpacks to
            suspiciously much, or holds links or names that lead out of the folder.
    """
    digest = _digest_of(archive, cache)
    if sha256 and digest != sha256.lower():
        raise InputError(
            f"The archive {archive} has sha256 {digest}, not {sha256.lower()}.",
            "Download it again, or correct the sha256.",
        )
    folder = cache / "archives" / digest
    if not folder.is_dir():
        with file_lock(folder.with_name(f"{digest}.lock")):
            if not folder.is_dir():  # another process may have unpacked it meanwhile
                _unpack(archive, folder, progress)
    return folder


def skip_wrapper_folders(root: Path) -> Path:
    """Descend from `root` through folders whose only content is one folder of folders."""
    while True:
        inside = [e for e in os.scandir(root) if e.is_dir() and not is_junk(e.name)]
        if len(inside) != 1:
            return root
        deeper = [e for e in os.scandir(inside[0].path) if e.is_dir() and not is_junk(e.name)]
        if not deeper:
            return root
        root = Path(inside[0].path)


def _digest_of(archive: Path, cache: Path) -> str:
    """Sha256 of the archive, cached in a JSON file until its size, mtime or ctime changes."""
    found = archive.stat()
    stamp = [str(archive), found.st_size, found.st_mtime_ns, found.st_ctime_ns]
    name = hashlib.sha256(os.fsencode(archive)).hexdigest()[:16]
    cached = cache / "archives" / f"{name}.json"
    try:
        known = json.loads(cached.read_text())
        if known["stamp"] == stamp:
            return str(known["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no cache file, or a damaged one
    digest = file_digest(archive)
    cached.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(cached, json.dumps({"stamp": stamp, "sha256": digest}))
    return digest


def _unpack(archive: Path, folder: Path, progress: ProgressCallback | None) -> None:
    """Unpack into a temporary sibling of `folder`, then rename; the caller holds the lock."""
    partial = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed
    try:
        partial.mkdir()
        _extract(archive, partial, progress)
        os.rename(partial, folder)
    except _DAMAGED as error:
        raise InputError(f"The archive {archive} cannot be unpacked: {error}.") from error
    except OSError as error:
        raise InputError(
            f"The archive {archive} cannot be unpacked below {folder.parent}: "
            f"{error.strerror or error}."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _extract(archive: Path, folder: Path, progress: ProgressCallback | None) -> None:
    """Write the regular files of an archive below `folder`, within the size limits."""
    packed = archive.stat().st_size
    limit = max(FREE_BYTES, MAX_RATIO * packed)
    reader = _zip_members if zipfile.is_zipfile(archive) else _tar_members
    written = 0
    for member, done in reader(archive):
        target = folder / _safe_path(member.name, archive)
        target.parent.mkdir(parents=True, exist_ok=True)
        with member.open() as source, open(target, "wb") as sink:
            while block := source.read(_BLOCK):
                written += len(block)
                if written > limit:
                    raise InputError(
                        f"The archive {archive} unpacks to more than {MAX_RATIO} times its size.",
                        "If that is right, unpack it by hand and give the folder.",
                    )
                sink.write(block)
        if progress:
            progress(min(done(), packed), packed)


def _zip_members(archive: Path) -> Iterator[tuple[Member, Callable[[], int]]]:
    """Yield each file of a zip, with a function that returns the compressed bytes done."""
    with zipfile.ZipFile(archive) as opened:
        done = 0
        for info in opened.infolist():
            done += info.compress_size
            kind = info.external_attr >> 16
            if stat.S_IFMT(kind) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _not_a_file(archive, info.filename)
            # some Windows tools write backslashes
            name = info.filename.replace("\\", "/")
            if not name.endswith("/") and not _is_skipped(name):
                member = Member(name, info.file_size, lambda info=info: opened.open(info))  # type: ignore[misc]
                yield member, lambda done=done: done  # type: ignore[misc]


def _tar_members(archive: Path) -> Iterator[tuple[Member, Callable[[], int]]]:
    """Yield each file of a tar, with a function that returns the compressed bytes done."""
    with open(archive, "rb") as raw, tarfile.open(fileobj=raw, mode="r:*") as opened:
        for info in opened:
            if info.isdir() or _is_skipped(info.name):
                continue
            if not info.isreg():
                raise _not_a_file(archive, info.name)
            stream = opened.extractfile(info)
            assert stream is not None  # it is regular
            yield Member(info.name, info.size, lambda stream=stream: stream), raw.tell  # type: ignore[misc]
        # tarfile accepts a truncated file without its end-of-archive block
        assert opened.fileobj is not None
        opened.fileobj.seek(opened.offset)
        if opened.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("it is cut off")


def _is_skipped(name: str) -> bool:
    return any(is_junk(part) and part not in (".", "..") for part in name.split("/"))


def _safe_path(name: str, archive: Path) -> PurePosixPath:
    """Return a member's name as a relative path below the folder; refuse path traversal."""
    path = PurePosixPath(name)
    first = path.parts[0] if path.parts else ""
    if path.is_absolute() or ".." in path.parts or ":" in first or "\0" in name or not first:
        raise InputError(
            f"The archive {archive} holds a name that leads out of its folder: {name!r}.",
            "Do not use it unless you trust it; then unpack it by hand and give the folder.",
        )
    return path


def _not_a_file(archive: Path, name: str) -> InputError:
    return InputError(
        f"The archive {archive} holds a link or device, which is not unpacked: {name!r}.",
        "Pack the files themselves (tar --dereference), or unpack it by hand and give the folder.",
    )
