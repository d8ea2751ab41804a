"""Atomic file writes: a file is complete or absent, however the writing process ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

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
