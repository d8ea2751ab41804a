"""A file of rows that survives kills, damage and several writers.

Each row is one line, a checksum and JSON; later rows replace earlier ones of the same name. Rows
are appended in single writes, so a kill can tear only the last line and two writers cannot mix
theirs; what does not match its checksum is as if it had never been written.
"""

import json
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from strata.files import atomic_writer

#: Increase when the meaning of rows changes: older ones no longer match their checksums.
FORMAT = 1

CacheRow = list[Any]

#: Lines parsed by one call.
_CHUNK = 512


def load(path: Path) -> dict[str, CacheRow]:
    """The latest row of each name (a row's first entry); nothing if there is no such file."""
    rows: dict[str, CacheRow] = {}
    try:
        with open(path, "rb") as stream:
            for bodies in _chunks(stream):
                rows.update((row[0], row) for row in json.loads(b"[%s]" % b",".join(bodies)))
    except (OSError, ValueError):
        pass  # what is lost is only the work of reading images again
    return rows


def append(path: Path, rows: Iterable[CacheRow]) -> None:
    """Add rows; the leading line break ends a line that a kill has torn.

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
        if written != len(text):  # the disk is full: the system's own error comes now
            os.write(handle, text[written:])
    finally:
        os.close(handle)


def rewrite(path: Path, rows: Iterable[CacheRow]) -> None:
    """Replace the file by these rows, at once.

    Raises:
        OSError: no space, no permission.
    """
    with atomic_writer(path) as stream:
        stream.writelines(b"\n" + _line(row) for row in rows)


def _line(row: CacheRow) -> bytes:
    body = json.dumps(row, separators=(",", ":")).encode()
    return b"%08x %s" % (zlib.crc32(body, FORMAT), body)


def _chunks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The JSON of the lines that match their checksums."""
    chunk = []
    for line in lines:
        checksum, _, body = line.rstrip(b"\n").partition(b" ")
        if checksum == b"%08x" % zlib.crc32(body, FORMAT):
            chunk.append(body)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    yield chunk
