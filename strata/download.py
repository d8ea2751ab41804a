"""HTTP downloads: resumed after an interruption, verified by sha256, published atomically."""

import os
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO

from strata.digest import file_digest
from strata.errors import InputError, StrataError
from strata.progress import ProgressCallback

AFFECTS_RESULTS = False  # what arrives is checked against its digest

#: Seconds without a byte after which a connection counts as stalled.
STALL_SECONDS = 30.0
#: Connections in a row without progress after which a download fails.
ATTEMPTS = 3

_BLOCK = 1 << 18


def download(
    url: str, target: Path, *, sha256: str = "", progress: ProgressCallback | None = None
) -> None:
    """Download a file to `target`, which appears only when it is complete and verified.

    The part downloaded so far is kept beside it (`NAME.part`, with the version of the file, its
    ETag or date, in `NAME.part.tag`), and the next attempt resumes it where the server supports
    ranges. The caller must keep other processes from downloading to the same target.

    Args:
        url: http or https URL.
        target: the file to write, in an existing folder.
        sha256: expected digest in hex, or a prefix of it; "" if unknown.
        progress: called with bytes done and in all (0 if the server does not say).

    Raises:
        InputError: the file has another digest.
        StrataError: the server is unreachable, refuses, stalls or breaks off; the disk is full.
    """
    part = target.with_name(f"{target.name}.part")
    pieced = _fetch(url, part, bool(sha256), progress)
    digest = file_digest(part)
    if pieced and not digest.startswith(sha256):  # the parts may be of different versions
        _discard(part)
        _fetch(url, part, bool(sha256), progress)
        digest = file_digest(part)
    if not digest.startswith(sha256):
        _discard(part)
        begins = "" if len(sha256) == len(digest) else "a digest that begins "
        raise InputError(
            f"{url} has sha256 {digest}, not {begins}{sha256}.",
            "The file has changed, or the given sha256 is wrong; correct it if you trust the file.",
        )
    os.replace(part, target)
    _discard(part)


def _fetch(url: str, part: Path, checked: bool, progress: ProgressCallback | None) -> bool:
    """Append to `part` until it is complete; return True if several connections were needed."""
    furthest, failures = _size(part), 0
    pieces = int(furthest > 0)
    while True:
        pieces += 1
        try:
            done, total = _continue(url, part, checked, progress)
            if done >= total:
                return pieces > 1
            reason = f"the connection broke off after {done:,} of {total:,} bytes"
        except urllib.error.HTTPError as error:
            if error.code != 416:
                raise StrataError(
                    f"{url} cannot be downloaded: the server answers {error.code} {error.reason}.",
                    "Check the URL.",
                ) from error
            if error.headers.get("Content-Range") == f"bytes */{_size(part)}":
                return True  # it was complete already
            _discard(part)  # longer than the file: not a part of it
            reason = "the file is shorter than the server said"
        except TimeoutError:
            reason = f"nothing arrived for {STALL_SECONDS:g} seconds"
        except (OSError, HTTPException) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        reached = _size(part)
        failures = 0 if reached > furthest else failures + 1
        furthest = max(furthest, reached)
        if failures == ATTEMPTS:
            raise StrataError(
                f"{url} cannot be downloaded: {reason}.",
                "Check the connection and run again (the part downloaded is kept), or download the "
                "file by other means and give its path.",
            )


def _continue(
    url: str, part: Path, checked: bool, progress: ProgressCallback | None
) -> tuple[int, int]:
    """Read one connection to its end; return bytes done, and in all (0 if unknown)."""
    have, tag = _size(part), _read(_tag(part))
    request = urllib.request.Request(url, headers={"User-Agent": "strata"})
    # Without a tag or a checksum a changed file would go unnoticed: start again.
    if have and (tag or checked):
        request.add_header("Range", f"bytes={have}-")
        if tag:
            request.add_header("If-Range", tag)
    with urllib.request.urlopen(request, timeout=STALL_SECONDS) as response:
        if not _continues_at(response, have):
            have = 0
        length = response.headers.get("Content-Length", "")
        total = have + int(length) if length.isdigit() else 0
        with _opened(part, have, _validator(response.headers)) as sink:
            # read1 returns what has arrived, so nothing is lost when the connection stalls
            while block := response.read1(_BLOCK):
                _write(sink, block)
                have += len(block)
                if progress:
                    progress(have, total)
    return have, total


def _continues_at(response: HTTPResponse, have: int) -> bool:
    """Test that the server honors the range request, instead of sending the whole file."""
    sent = response.headers.get("Content-Range", "")
    return response.status == 206 and sent.startswith(f"bytes {have}-")


def _validator(headers: HTTPMessage) -> str:
    """Return the validator of this version of the file: a strong ETag, or its date (RFC 9110)."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified", "")


def _opened(part: Path, have: int, tag: str) -> IO[bytes]:
    try:
        if not have:
            _discard(part)
            if tag:
                _tag(part).write_text(tag)
        return part.open("ab" if have else "wb")
    except OSError as error:
        raise _unwritable(part, error) from error


def _write(sink: IO[bytes], block: bytes) -> None:
    try:
        sink.write(block)
        sink.flush()  # so that a full disk raises here
    except OSError as error:
        raise _unwritable(Path(sink.name), error) from error


def _unwritable(part: Path, error: OSError) -> StrataError:
    return StrataError(
        f"{part} cannot be written: {error.strerror or error}.",
        "Free some disk space or check the folder's permissions, and run again.",
    )


def _tag(part: Path) -> Path:
    return part.with_name(f"{part.name}.tag")


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    _tag(part).unlink(missing_ok=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
