"""What a file holds, as one short text."""

import hashlib
from pathlib import Path

AFFECTS_RESULTS = False  # identifies files, computes nothing from them


def file_digest(path: Path) -> str:
    """The sha256 of a file's content, 64 hex digits; the file is read each time.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
