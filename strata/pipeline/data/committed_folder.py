"""Folders that are made once and can be made again: unpacked archives and drawn scenes.

A folder is filled aside and committed by a rename, together with a list of its files: size, times
and sha256 of each. Every use compares the list with the folder, and makes a damaged one again. The
comparison costs one look at each file's status (the time of last status change cannot be set
back); only files whose status has changed are read.
"""

import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from strata.digest import file_digest
from strata.errors import InputError, StrataError
from strata.files import read_checked, write_checked
from strata.locks import file_lock
from strata.pipeline.data.layout import is_junk

#: Name of the list of files inside a folder: hidden, so that no reader of images sees it.
CHECKSUMS = ".checksums"

#: Damage of a folder that is not there.
MISSING = "it is missing"

#: Size in bytes, mtime_ns, ctime_ns and sha256 of each file, by its path.
_Files = dict[str, list[int | str]]


def commit_folder(folder: Path, make: Callable[[Path], None]) -> str:
    """Make a folder, unless it is there and whole.

    Of several processes one makes it and the others wait; where the file system has no locks,
    each makes it, and the first to finish has made it for all.

    Args:
        folder: the folder; its parents are created.
        make: fills the empty folder that it is given.

    Returns:
        the damage that was found in an earlier copy, such as "a/1.png is missing"; "" if none.

    Raises:
        InputError: the folder cannot be written.
        Exception: any of `make`; nothing is left behind.
    """
    damage = folder_damage(folder)
    if not damage:
        return ""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(folder.with_name(f"{folder.name}.lock")) as alone:
            if folder_damage(folder):  # else another process has made it meanwhile
                if alone:
                    _remove_partial(folder)
                _make(folder, make)
    except StrataError as error:
        if damage != MISSING:
            error = type(error)(f"{folder} is damaged ({damage}). {error.what}", error.hint)
        raise error from None
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written: {error.strerror or error}.",
            "Free some disk space, or name another place for the store with --store DIR.",
        ) from error
    return "" if damage == MISSING else damage


def folder_damage(folder: Path) -> str:
    """Compare a committed folder with its list of files.

    Returns:
        the first difference found; `MISSING` if there is no folder; "" if it is whole.
    """
    while True:
        before = _identity(folder)
        damage = MISSING if before is None else _difference(folder)
        if _identity(folder) == before:  # else another process has replaced it meanwhile
            return damage


def _identity(folder: Path) -> tuple[int, int] | None:
    """Device and inode of a folder; None if there is none."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _difference(folder: Path) -> str:
    """The first difference of a folder from its list of files; "" if there is none."""
    listed = _read_list(folder)
    if listed is None:
        return "its list of checksums is missing or damaged"
    try:
        found = dict(_stamps(folder, ""))
    except OSError as error:
        return f"it cannot be listed: {error.strerror}"
    for name in sorted(found.keys() ^ listed.keys()):
        return f"{name} is {'new' if name in found else 'missing'}"
    moved = [name for name, stamp in found.items() if listed[name][:3] != stamp]
    for name in sorted(moved):
        if not found[name]:
            return f"{name} is no file"
        try:
            if file_digest(folder / name) != listed[name][3]:
                return f"{name} has changed"
        except OSError as error:
            return f"{name} cannot be read: {error.strerror}"
    if moved:
        with suppress(OSError):  # a read-only store: compare again next time
            _write_list(folder, {name: [*found[name], listed[name][3]] for name in found})
    return ""


def _make(folder: Path, make: Callable[[Path], None]) -> None:
    """Fill a new folder and commit it; accept one that another process has committed meanwhile."""
    partial, aside = _beside(folder), _beside(folder)
    try:
        partial.mkdir()
        make(partial)
        stamps = dict(_stamps(partial, ""))
        _write_list(partial, {n: [*s, file_digest(partial / n)] for n, s in stamps.items()})
        while not _publish(partial, folder):
            with suppress(FileNotFoundError):
                os.rename(folder, aside)  # a damaged one
    except Exception:
        if folder_damage(folder):  # else another process has committed it whole
            raise
    finally:
        _remove_partial(folder, partial, aside)


def _publish(partial: Path, folder: Path) -> bool:
    """Rename into place; return False if something else than a whole folder is there."""
    try:
        os.rename(partial, folder)
    except OSError:
        if not folder.exists():
            raise
        return not folder_damage(folder)
    return True


def _beside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.part-{uuid.uuid4().hex}")


def _remove_partial(folder: Path, *partial: Path) -> None:
    """Remove what `_beside` named: the given ones, or all that killed processes left."""
    for path in partial or folder.parent.glob(f"{folder.name}.part*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _stamps(folder: Path, prefix: str) -> Iterator[tuple[str, list[int]]]:
    """Yield path, size, mtime_ns and ctime_ns of the files below a folder; [] for no files."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_junk(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _stamps(Path(entry.path), f"{prefix}{entry.name}/")
            elif entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                yield prefix + entry.name, [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
            else:
                yield prefix + entry.name, []


def _read_list(folder: Path) -> _Files | None:
    content = read_checked(folder / CHECKSUMS)
    try:
        listed = json.loads(content or b"")
        return {str(name): list(row) for name, row in listed.items()}
    except (ValueError, AttributeError, TypeError):
        return None


def _write_list(folder: Path, files: dict[str, list[int | str]]) -> None:
    write_checked(folder / CHECKSUMS, json.dumps(files))
