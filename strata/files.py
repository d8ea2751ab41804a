"""Atomic file writes, files that hold their own checksum, and paths that begin with `~`."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from strata.errors import InputError

AFFECTS_RESULTS = False  # how files are written, not what is in them


@contextmanager
def atomic_writer(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary sibling file for writing; on success it replaces `path`.

    Raises:
        OSError: no space or no permission; the file at `path` is unchanged.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as stream:
            yield stream
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a whole file atomically, text as UTF-8 (see `atomic_writer`).

    Bytes of file names that are no UTF-8 become `\\udcXX`.
    """
    if isinstance(content, str):
        content = content.encode(errors="backslashreplace")
    with atomic_writer(path) as stream:
        stream.write(content)


def write_checked(path: Path, content: str | bytes) -> None:
    """Write a file atomically, its first line the sha256 of the rest; `read_checked` reads it."""
    body = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    write_atomic(path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def read_checked(path: Path) -> bytes | None:
    """Content of a file by `write_checked`; None if it is absent, unreadable or damaged."""
    try:
        checksum, _, body = path.read_bytes().partition(b"\n")
    except (OSError, ValueError):
        return None
    return body if hashlib.sha256(body).hexdigest().encode() == checksum else None


def expand_user(path: str | os.PathLike[str]) -> Path:
    """Path with a leading `~` or `~NAME` replaced by that user's home folder.

    Raises:
        InputError: there is no such user, or no home folder is known.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        first = Path(path).parts[0]
        raise InputError(
            f"{path}: the home folder {first} is not known.",
            "Write the whole path, or ./~... for a folder whose name begins with ~.",
        ) from None
