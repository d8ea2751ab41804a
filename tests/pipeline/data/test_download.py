import hashlib
import socket
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.pipeline.data.folders import PIXEL

from strata.errors import InputError, StrataError
from strata.pipeline.data import download as module
from strata.pipeline.data.source import open_source


class Server:
    """Serves one file, in ways that a test chooses."""

    def __init__(self, data):
        self.data = data
        self.requests = []
        self.ranges = True
        self.breaks = []  # of each next request, after how many bytes the connection breaks off
        self.stalls = False
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/set.zip"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def answer(self, handler):
        asked = handler.headers.get("Range")
        self.requests.append(asked)
        if self.status != 200:
            handler.send_error(self.status)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges else 0
        if start >= len(self.data):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        if start:
            end = f"{len(self.data) - 1}/{len(self.data)}"
            handler.send_header("Content-Range", f"bytes {start}-{end}")
        handler.send_header("Content-Length", str(len(self.data) - start))
        handler.end_headers()
        stop = self.breaks.pop(0) if self.breaks else None
        handler.wfile.write(self.data[start : None if stop is None else start + stop])
        handler.wfile.flush()
        if self.stalls:
            time.sleep(1)


@pytest.fixture
def server(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name in ("a/1.png", "b/1.png"):
            archive.writestr(name, PIXEL + bytes(100_000))
    made = Server((tmp_path / "set.zip").read_bytes())
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


def fetched(server, tmp_path, **options):
    digest = hashlib.sha256(server.data).hexdigest()
    options = {"sha256": digest, "cache": tmp_path / "cache"} | options
    return [f.id for f in open_source(server.url, **options).files]


def left(tmp_path):
    return sorted(p.suffix for p in (tmp_path / "cache" / "downloads").iterdir())


def test_an_address_is_fetched_once(server, tmp_path):
    calls = []
    found = fetched(server, tmp_path, progress=lambda *call: calls.append(call))
    assert found == fetched(server, tmp_path) == ["a/1.png", "b/1.png"]
    assert server.requests == [None]
    assert (len(server.data), len(server.data)) in calls
    assert left(tmp_path) == [".lock"]  # the archive has served


def test_a_broken_connection_is_resumed(server, tmp_path):
    server.breaks = [70_000, 0, 50_000]
    assert fetched(server, tmp_path) == ["a/1.png", "b/1.png"]
    assert server.requests == [None, "bytes=70000-", "bytes=70000-", "bytes=120000-"]


def test_a_server_that_cannot_resume_starts_again(server, tmp_path):
    server.breaks, server.ranges = [70_000], False
    assert fetched(server, tmp_path) == ["a/1.png", "b/1.png"]
    assert len(server.requests) == 2


def test_the_next_run_goes_on_where_the_last_one_gave_up(server, tmp_path):
    server.breaks = [70_000, 0, 0, 0]
    with pytest.raises(StrataError, match="broke off") as caught:
        fetched(server, tmp_path)
    assert "run again" in caught.value.hint
    assert left(tmp_path) == [".lock", ".part"]
    server.requests.clear()
    assert fetched(server, tmp_path) == ["a/1.png", "b/1.png"]
    assert server.requests == ["bytes=70000-"]


@pytest.mark.parametrize("junk", [b"x" * 1000, b"x" * 10_000_000])
def test_what_lies_there_of_another_file_is_thrown_away(server, tmp_path, junk):
    folder = tmp_path / "cache" / "downloads"
    folder.mkdir(parents=True)
    (folder / f"{hashlib.sha256(server.data).hexdigest()}.part").write_bytes(junk)
    assert fetched(server, tmp_path) == ["a/1.png", "b/1.png"]


def test_a_stalled_connection_times_out(server, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "STALL_SECONDS", 0.1)
    server.stalls, server.breaks = True, [0] * 9
    with pytest.raises(StrataError, match="nothing arrived"):
        fetched(server, tmp_path)
    assert len(server.requests) == module.ATTEMPTS


def test_another_content_than_promised(server, tmp_path):
    with pytest.raises(InputError, match="has sha256") as caught:
        fetched(server, tmp_path, sha256="0" * 64)
    assert hashlib.sha256(server.data).hexdigest() in str(caught.value)
    assert left(tmp_path) == [".lock"]


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_refusal(server, tmp_path, status):
    server.status = status
    with pytest.raises(StrataError, match=f"the server answers {status}"):
        fetched(server, tmp_path)


def test_without_a_network(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/x.zip"
        with pytest.raises(StrataError, match=r"cannot be downloaded: .*refused") as caught:
            open_source(url, sha256="0" * 64, cache=tmp_path)
    assert "Check the connection" in caught.value.hint


def test_a_page_instead_of_an_archive(server, tmp_path):
    server.data = b"<html>please log in</html>"
    with pytest.raises(InputError, match="not a zip or tar"):
        fetched(server, tmp_path)


@pytest.mark.parametrize(
    ("url", "sha256", "message"),
    [
        ("https://example.org/x.zip", None, "sha256 of .* is not given"),
        ("https://example.org/x.zip", "abc", "not a sha256"),
        ("ftp://example.org/x.zip", "0" * 64, "not an http"),
        ("file:///etc/passwd", "0" * 64, "not an http"),
    ],
)
def test_addresses_that_are_not_fetched(tmp_path, url, sha256, message):
    with pytest.raises(InputError, match=message):
        open_source(url, sha256=sha256, cache=tmp_path)
