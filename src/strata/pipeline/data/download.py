"""Files from the web: fetched once, checked, resumed after an interruption."""

import os
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from strata.errors import InputError, StrataError
from strata.pipeline.data.archives import file_digest

#: Seconds without a byte after which a connection counts as stalled.
STALL_SECONDS = 30.0
#: Connections in a row that may break off without bringing anything new.
ATTEMPTS = 3

_BLOCK = 1 << 18


def download(
    url: str, sha256: str, target: Path, progress: Callable[[int, int], None] | None = None
) -> None:
    """Fetch a file to `target`, which appears only when it is whole and right.

    What has arrived so far lies beside it and is taken up by the next attempt. The caller keeps
    other processes away.

    Args:
        url: http or https.
        sha256: hex digest of the file.
        target: where it goes; its folder exists.
        progress: called with bytes done and bytes in all (0 if the server does not say).

    Raises:
        StrataError: the server cannot be reached, refuses, or stalls.
        InputError: the file has another digest.
    """
    part = target.with_name(f"{target.name}.part")
    resumed = part.exists()
    _fetch(url, part, progress)
    digest = file_digest(part)
    if digest != sha256 and resumed:  # what lay there may be of another file
        part.unlink()
        _fetch(url, part, progress)
        digest = file_digest(part)
    if digest != sha256:
        part.unlink()
        raise InputError(
            f"{url} has sha256 {digest}, not {sha256}.",
            "The file has changed, or the sha256 is wrong; correct it if you trust the file.",
        )
    os.replace(part, target)


def _fetch(url: str, part: Path, progress: Callable[[int, int], None] | None) -> None:
    """Append to `part` until it is complete."""
    failures = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            if _continue(url, part, before, progress):
                return
            reason = "the connection broke off"
        except urllib.error.HTTPError as error:
            if error.code == 416 and before:  # longer than the file: not a part of it
                part.unlink()
                continue
            raise StrataError(
                f"{url} cannot be downloaded: the server answers {error.code} {error.reason}.",
                "Check the address.",
            ) from error
        except TimeoutError:
            reason = f"nothing arrived for {STALL_SECONDS:.0f} seconds"
        except (OSError, HTTPException) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        after = part.stat().st_size if part.exists() else 0
        failures = 0 if after > before else failures + 1
        if failures == ATTEMPTS:
            raise StrataError(
                f"{url} cannot be downloaded: {reason}.",
                "Check the connection and run again (what has arrived is kept), or fetch the file "
                "elsewhere and give its path.",
            )


def _continue(url: str, part: Path, have: int, progress: Callable[[int, int], None] | None) -> bool:
    """One connection; whether the file is complete after it."""
    request = urllib.request.Request(url, headers={"User-Agent": "strata"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    with urllib.request.urlopen(request, timeout=STALL_SECONDS) as response:
        if not _continues_at(response, have):
            have = 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length and length.isdigit() else 0
        with open(part, "ab" if have else "wb") as sink:
            while block := response.read(_BLOCK):
                sink.write(block)
                have += len(block)
                if progress:
                    progress(have, total)
    return have >= total


def _continues_at(response: HTTPResponse, have: int) -> bool:
    """Whether the server goes on where it was asked to, instead of from the start."""
    sent = response.headers.get("Content-Range", "")
    return response.status == 206 and sent.startswith(f"bytes {have}-")
