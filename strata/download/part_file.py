"""The part of a file that has arrived, and the version of the file that it belongs to.

`NAME.part` holds the bytes, `NAME.part.tag` the server's ETag or date, with a checksum.
"""

import re
from pathlib import Path
from typing import IO

from strata.errors import StrataError
from strata.files import read_checked, write_checked

AFFECTS_RESULTS = False  # how a file arrives, not what is in it


def open_part(part: Path, have: int, tag: str) -> IO[bytes]:
    """Open a part to append to its `have` bytes, or begin it anew with the file's version.

    Raises:
        StrataError: it cannot be written.
    """
    try:
        if not have:
            discard(part)
            if _sendable(tag):
                write_checked(_tag(part), tag)
        return part.open("ab" if have else "wb")
    except OSError as error:
        raise unwritable(part, error) from error


def write_block(sink: IO[bytes], block: bytes) -> None:
    """Write what has arrived.

    Raises:
        StrataError: it cannot be written.
    """
    try:
        sink.write(block)
        sink.flush()  # so that a full disk raises here
    except OSError as error:
        raise unwritable(Path(sink.name), error) from error


def unwritable(path: Path, error: OSError) -> StrataError:
    """Error about a file that cannot be written, with its remedy."""
    return StrataError(
        f"{path} cannot be written: {error.strerror or error}.",
        "Free some disk space or check the folder's permissions, and run again.",
    )


def _tag(part: Path) -> Path:
    return part.with_name(f"{part.name}.tag")


def read_tag(part: Path) -> str:
    """Version of the file that a part belongs to; "" if that is not known for certain."""
    return _sendable((read_checked(_tag(part)) or b"").decode("latin-1"))


def discard(part: Path) -> None:
    """Remove a part and its tag.

    Raises:
        StrataError: they cannot be removed.
    """
    for path in (part, _tag(part)):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(path, error) from error


def size_of(path: Path) -> int:
    """Size of a file in bytes; 0 if there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _sendable(tag: str) -> str:
    """The tag if it can be sent as a header, else ""."""
    return tag if re.fullmatch(r"[\x21-\x7e][\x20-\x7e]{0,500}", tag) else ""
