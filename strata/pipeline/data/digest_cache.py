"""Crash-safe cache of image digests: an append-only file of checksummed rows.

Each row is one line, a CRC-32 checksum and JSON; a later row replaces an earlier one of the same
name (its first entry). Rows are appended by single writes, so a kill can truncate only the last
line and concurrent writers cannot interleave theirs; lines that do not match their checksum are
ignored.
"""

import json
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from strata.files import atomic_writer

#: Version of the rows' meaning, the initial value of the CRC: rows of older versions are ignored.
FORMAT = 4

CacheRow = list[Any]

#: Lines parsed by one call of the JSON decoder.
_CHUNK = 512


def load(path: Path) -> dict[str, CacheRow]:
    """Read the latest row of each name; an empty dict if the file is missing or unreadable."""
    rows: dict[str, CacheRow] = {}
    try:
        with open(path, "rb") as stream:
            for bodies in _chunks(stream):
                rows.update((row[0], row) for row in json.loads(b"[%s]" % b",".join(bodies)))
    except (OSError, ValueError):
        pass  # the loss costs only the time to read the images again
    return rows


def append(path: Path, rows: Iterable[CacheRow]) -> None:
    """Append rows; the leading line break of each ends a line truncated by a kill.

    Raises:
        OSError: no space, no permission.
    """
    text = b"".join(b"\n" + _line(row) for row in rows)
    if not text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        written = os.write(handle, text)
        if written != len(text):  # the disk is full: a second write raises the OSError
            os.write(handle, text[written:])
    finally:
        os.close(handle)


def rewrite(path: Path, rows: Iterable[CacheRow]) -> None:
    """Replace the file by these rows, atomically.

    Raises:
        OSError: no space, no permission.
    """
    with atomic_writer(path) as stream:
        stream.writelines(b"\n" + _line(row) for row in rows)


def _line(row: CacheRow) -> bytes:
    body = json.dumps(row, separators=(",", ":")).encode()
    return b"%08x %s" % (zlib.crc32(body, FORMAT), body)


def _chunks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the JSON texts of the lines that match their checksums, `_CHUNK` at a time."""
    chunk = []
    for line in lines:
        checksum, _, body = line.rstrip(b"\n").partition(b" ")
        if checksum == b"%08x" % zlib.crc32(body, FORMAT):
            chunk.append(body)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    yield chunk
