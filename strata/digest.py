"""Digest of a file's content."""

import hashlib
from pathlib import Path

AFFECTS_RESULTS = False  # identifies files, computes nothing from them


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's content, 64 hex digits; not cached.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
