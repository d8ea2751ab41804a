"""HTTP downloads: resumed after an interruption, verified by sha256, published atomically."""

import os
import re
import shutil
import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPMessage
from pathlib import Path

from strata.digest import file_digest
from strata.download.connection import Response, connected
from strata.download.part_file import (
    discard,
    open_part,
    read_tag,
    size_of,
    unwritable,
    write_block,
)
from strata.download.url import request_url
from strata.errors import InputError, StrataError
from strata.progress import ProgressCallback

AFFECTS_RESULTS = False  # what arrives is checked against its digest

#: Seconds without a byte after which a connection counts as stalled.
STALL_SECONDS = 30.0
#: A connection that brings less than so many bytes in so many seconds counts as stalled too.
SLOW_SECONDS, SLOW_BYTES = 60.0, 60_000
#: Stalled or broken connections in a row after which a download fails.
ATTEMPTS = 3
#: Fraction of the free disk space that a download may take.
DISK_FRACTION = 0.9


class _SlowError(Exception):
    """A connection brings next to nothing."""


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
        InputError: the URL is malformed; the file has another digest.
        StrataError: the server is unreachable, refuses, stalls or breaks off; the disk is full, or
            too small for the file.
    """
    address = request_url(url)
    part = target.with_name(f"{target.name}.part")
    pieced = _fetch(address, part, bool(sha256), progress)
    digest = file_digest(part)
    if pieced and not digest.startswith(sha256):  # the parts may be of different versions
        discard(part)
        _fetch(address, part, bool(sha256), progress)
        digest = file_digest(part)
    if not digest.startswith(sha256):
        discard(part)
        begins = "" if len(sha256) == len(digest) else "a digest that begins "
        raise InputError(
            f"{url} has sha256 {digest}, not {begins}{sha256}.",
            "The file has changed, or the given sha256 is wrong; correct it if you trust the file.",
        )
    try:
        os.replace(part, target)
    except OSError as error:
        raise unwritable(target, error) from error
    discard(part)


def _fetch(url: str, part: Path, checked: bool, progress: ProgressCallback | None) -> bool:
    """Append to `part` until it is complete; return True if several connections were needed."""
    furthest, failures = size_of(part), 0
    pieces = int(furthest > 0)
    while True:
        pieces += 1
        slow = False
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
            if error.headers.get("Content-Range") == f"bytes */{size_of(part)}":
                return True  # it was complete already
            discard(part)  # longer than the file: not a part of it
            reason = "the file is shorter than the server said"
        except TimeoutError:
            reason = f"nothing arrived for {STALL_SECONDS:g} seconds"
        except _SlowError:
            slow, reason = True, f"hardly anything arrives ({size_of(part):,} bytes so far)"
        except (OSError, HTTPException, ValueError) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        reached = size_of(part)
        failures = 0 if reached > furthest and not slow else failures + 1
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
    have, tag = size_of(part), read_tag(part)
    request = urllib.request.Request(url, headers={"User-Agent": "strata"})
    # Without a tag or a checksum a changed file would go unnoticed: start again.
    if have and (tag or checked):
        request.add_header("Range", f"bytes={have}-")
        if tag:
            request.add_header("If-Range", tag)
    with connected(request, STALL_SECONDS) as response:
        if not _continues_at(response, have):
            have = 0
        length = _content_length(response.headers)
        total = have + length if length else 0
        limit = _disk_limit(url, part, have, total)
        with open_part(part, have, _validator(response.headers)) as sink:
            since, had = time.monotonic(), have
            for block in response.blocks:
                have += len(block)
                if have > limit:
                    raise _endless(url, part, limit)
                write_block(sink, block)
                if progress:
                    progress(have, total)
                now = time.monotonic()
                if now - since > SLOW_SECONDS:
                    if have - had < SLOW_BYTES:
                        raise _SlowError
                    since, had = now, have
    return have, total


def _continues_at(response: Response, have: int) -> bool:
    """Test that the server honors the range request, instead of sending the whole file."""
    sent = response.headers.get("Content-Range", "")
    return response.status == 206 and sent.startswith(f"bytes {have}-")


def _content_length(headers: HTTPMessage) -> int:
    """Number of bytes that the server announces; 0 if it does not say."""
    length = headers.get("Content-Length", "")
    return int(length) if re.fullmatch("[0-9]{1,18}", length) else 0


def _validator(headers: HTTPMessage) -> str:
    """Return the validator of this version of the file: a strong ETag, or its date (RFC 9110)."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified", "")


def _disk_limit(url: str, part: Path, have: int, total: int) -> float:
    """Largest size that the part may reach.

    Raises:
        StrataError: the disk is too small for the size that the server announces.
    """
    free = shutil.disk_usage(part.parent).free
    if total - have > free:
        raise StrataError(
            f"{url} has {total:,} bytes, and only {free:,} are free on the disk of {part.parent}.",
            "Free some disk space, or name another place for the store with --store DIR.",
        )
    return total if total else have + DISK_FRACTION * free


def _endless(url: str, part: Path, limit: float) -> StrataError:
    discard(part)
    return StrataError(
        f"{url} cannot be downloaded: the server does not say how long the file is, and it has "
        f"more than {limit:,.0f} bytes, {DISK_FRACTION:.0%} of the free disk space.",
        "Download it by other means, if that is right, and give its path.",
    )
