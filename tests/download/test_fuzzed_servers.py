"""Servers that answer anything: the file arrives, or the download ends with a sentence."""

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strata.download import download as module
from strata.download.download import download
from strata.errors import StrataError
from tests.loopback import serving

DATA = bytes(range(256)) * 20
HEAD = (
    b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-5119/5120\r\n"
    b'ETag: "1"\r\nContent-Length: 5120\r\n\r\n'
)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1400\r\n" + DATA + b"\r\n0\r\n\r\n"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: /file\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(scope="module")
def server():
    with pytest.MonkeyPatch.context() as patch, serving(DATA) as made:
        patch.setenv("no_proxy", "*")
        patch.setattr(module, "STALL_SECONDS", 1.0)
        yield made


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from([HEAD + DATA, CHUNKED, MOVED]), st.data())
def test_any_answer_gives_the_file_or_a_sentence(server, tmp_path, answer, data):
    raw = bytearray(answer)
    head = min(answer.index(b"\r\n\r\n") + 8, len(answer))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, head - 1))] = data.draw(
            st.integers(0, 255) | st.sampled_from(b"\r\n :9-")
        )
    server.script = lambda handler: handler.wfile.write(raw)
    target = tmp_path / "file"
    try:
        download(server.url, target, sha256=hashlib.sha256(DATA).hexdigest())
    except StrataError as error:
        assert "cannot be downloaded" in str(error) or "has sha256" in str(error)  # noqa: PT017
        assert not target.exists()
    else:
        assert target.read_bytes() == DATA
        target.unlink()
