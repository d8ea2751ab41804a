"""JSON files with a checksum of their content: damage to any byte is noticed when one is read.

The one form of all files that the store keeps beside arrays, values and pickles (whose checksums
stand in such a file): manifests, parsed code, durations, notes. A file that does not match its
checksum counts as absent, and is made again.

    {"sha256": "...", "content": ...}
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from strata.files import write_atomic

AFFECTS_RESULTS = False  # how values are kept, not what they are

_BEFORE, _BETWEEN, _AFTER = b'{"sha256": "', b'", "content": ', b"}\n"
_DIGITS = 64  # of a sha256, in hex


def encoded(value: Any) -> bytes:
    """File content for a value that JSON can express."""
    content = json.dumps(value).encode()
    return _BEFORE + _digest(content) + _BETWEEN + content + _AFTER


def decoded(data: bytes) -> Any:
    """The value of a file's content.

    Raises:
        ValueError: the content does not match its checksum, or has none.
    """
    start = len(_BEFORE) + _DIGITS
    digest, rest = data[len(_BEFORE) : start], data[start:]
    content = rest[len(_BETWEEN) : -len(_AFTER)]
    if data != _BEFORE + digest + _BETWEEN + content + _AFTER or digest != _digest(content):
        raise ValueError("the checksum does not match")
    return json.loads(content)


def write_checked(path: Path, value: Any) -> None:
    """Write a value that JSON can express, atomically.

    Raises:
        OSError: no space or no permission; the file is unchanged.
    """
    write_atomic(path, encoded(value))


def read_checked(path: Path) -> Any:
    """The value that `write_checked` wrote; None if the file is absent, unreadable or damaged."""
    try:
        return decoded(path.read_bytes())
    except (OSError, ValueError):
        return None


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
