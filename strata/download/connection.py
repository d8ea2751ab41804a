"""One HTTP connection, read by a thread of its own.

The time limits of sockets count from the last byte: a server that sends one byte now and then, in
its headers or in the lengths of chunks, holds its client for ever, and looking up a name has no
limit at all. Whoever waits for a thread instead can always give up.
"""

import queue
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPMessage, HTTPResponse
from typing import IO, NamedTuple
from urllib.parse import urlsplit

from strata.errors import StrataError

AFFECTS_RESULTS = False  # how a file arrives, not what is in it

_BLOCK = 1 << 18
#: Blocks read ahead.
_AHEAD = 8


class Response(NamedTuple):
    """Status and headers of a response, and its content in blocks.

    Attributes:
        status: HTTP status code.
        headers: of the response.
        blocks: the content as it arrives. Raises TimeoutError after `seconds` without a byte,
            OSError and HTTPException where the connection ends.
    """

    status: int
    headers: HTTPMessage
    blocks: Iterator[bytes]


@contextmanager
def connected(request: urllib.request.Request, seconds: float) -> Iterator[Response]:
    """Send a request and wait for the response; leaving the context gives the connection up.

    Args:
        request: a GET request.
        seconds: the longest wait for bytes; for the first, twice that (a host may have several
            addresses).

    Raises:
        TimeoutError: no response in that time.
        StrataError: a redirect leads to another kind of address.
        OSError, HTTPException, ValueError: no connection, a refusal, or not HTTP.
    """
    thread = _Reader(request, seconds)
    thread.start()
    try:
        response = thread.next(2 * seconds)
        assert isinstance(response, HTTPResponse)
        yield Response(response.status, response.headers, thread.blocks(seconds))
    finally:
        thread.given_up.set()


class _Reader(threading.Thread):
    """Thread that puts the response and then its blocks into a queue; b"" is the end."""

    def __init__(self, request: urllib.request.Request, seconds: float) -> None:
        super().__init__(daemon=True)
        self._request = request
        self._seconds = seconds
        self._queue: queue.Queue[HTTPResponse | bytes | Exception] = queue.Queue(_AHEAD)
        self.given_up = threading.Event()

    def run(self) -> None:
        try:
            opener = urllib.request.build_opener(_Redirects)
            with opener.open(self._request, timeout=self._seconds) as response:
                self._put(response)
                # read1 returns what has arrived, so nothing is lost when the connection stalls
                while not self.given_up.is_set() and (block := response.read1(_BLOCK)):
                    self._put(block)
            self._put(b"")
        except Exception as error:
            self._put(error)

    def _put(self, item: HTTPResponse | bytes | Exception) -> None:
        while not self.given_up.is_set():
            try:
                self._queue.put(item, timeout=1)
                break
            except queue.Full:
                pass

    def next(self, seconds: float) -> HTTPResponse | bytes:
        """Wait for the response or the next block; raise the thread's exception."""
        try:
            item = self._queue.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(item, Exception):
            raise item
        return item

    def blocks(self, seconds: float) -> Iterator[bytes]:
        """Yield the blocks to the end."""
        while block := self.next(seconds):
            assert isinstance(block, bytes)
            yield block


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Redirects to http and https, but not from https to http."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        before, after = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if after not in ("http", "https") or (before == "https" and after == "http"):
            raise StrataError(
                f"{req.full_url} cannot be downloaded: it redirects to {newurl}, "
                + ("which is not encrypted." if after == "http" else "which is not http or https."),
                "Download the file by other means, if you trust that place, and give its path.",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)
