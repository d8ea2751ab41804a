import hashlib
import io
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from strata.errors import InputError, StrataError
from strata.models import weights
from strata.models.weights import Published, fetch, named_file, obtain, published, read

CONTENT = bytes(range(256)) * 4000


class Server:
    """Serves one file on loopback, whole or not."""

    def __init__(self):
        self.content, self.length, self.status, self.stalled = CONTENT, len(CONTENT), 200, False
        self.requests = 0
        self.go_on = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests += 1
                if outer.status != 200:
                    self.send_error(outer.status)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(outer.length))
                self.end_headers()
                self.wfile.write(outer.content)
                if outer.stalled:
                    outer.go_on.wait(20)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def source(self):
        digest = hashlib.sha256(CONTENT).hexdigest()[:8]
        url = f"http://127.0.0.1:{self.http.server_port}/net-{digest}.pth"
        return Published(url, digest, 1.0)


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv(weights.ENVIRONMENT, raising=False)
    made = Server()
    yield made
    made.go_on.set()
    made.http.shutdown()
    made.http.server_close()


def left(server):
    folder = server.source.place.parent
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def test_weights_are_fetched_once_with_progress(server):
    seen = []
    path = fetch(server.source, "net", lambda *told: seen.append(told))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert fetch(server.source, "net") == path
    assert server.requests == 1
    assert left(server) == [path.name]


@pytest.mark.parametrize("how", ["cut off", "stalled", "wrong", "refused"])
def test_a_bad_server_leaves_nothing_behind_and_the_next_run_succeeds(server, monkeypatch, how):
    if how == "cut off":
        server.content = CONTENT[:5000]
    elif how == "stalled":
        monkeypatch.setattr(weights, "STALL_SECONDS", 0.2)
        server.content, server.stalled = CONTENT[:5000], True
    elif how == "wrong":
        server.content = b"x" * len(CONTENT)
    else:
        server.status = 403
    expected = {
        "cut off": "broke off after 5000 of 1024000 bytes",
        "stalled": "nothing arrived for 0.2 seconds",
        "wrong": "not the file that torchvision names",
        "refused": "the server answers 403",
    }
    with pytest.raises(StrataError, match=expected[how]) as caught:
        fetch(server.source, "net")
    assert str(server.source.place) in caught.value.hint
    assert left(server) == []
    server.content, server.status, server.stalled = CONTENT, 200, False
    assert fetch(server.source, "net").read_bytes() == CONTENT


def test_a_damaged_file_in_the_hub_folder_is_fetched_again(server):
    place = server.source.place
    place.parent.mkdir(parents=True)
    place.write_bytes(b"half")
    assert fetch(server.source, "net").read_bytes() == CONTENT


def test_offline_says_what_to_put_where(server):
    with socket.socket() as free:  # bound but not listening: connections are refused
        free.bind(("127.0.0.1", 0))
        source = Published(f"http://127.0.0.1:{free.getsockname()[1]}/net.pth", "", 104.3)
        with pytest.raises(StrataError, match="weights of net are not on this machine") as caught:
            fetch(source, "net")
    for part in ("net.pth (104 MB)", str(source.place), "weights =", weights.ENVIRONMENT):
        assert part in caught.value.hint


def test_torchvision_names_the_digest_and_the_size():
    found = published("squeezenet1_1")
    assert found.url.endswith(f"-{found.digest}.pth")
    assert len(found.digest) == 8
    assert 4 < found.megabytes < 6
    with pytest.raises(InputError, match="no classification network") as caught:
        published("squeezenet1_2")
    assert "squeezenet1_" in caught.value.hint


def test_a_file_may_be_named_as_file_or_folder_or_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv(weights.ENVIRONMENT, raising=False)
    file = tmp_path / "net.pth"
    file.write_bytes(b"x")
    assert named_file("net") is None
    assert named_file("net", str(file)) == named_file("net", str(tmp_path)) == file
    monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path))
    assert named_file("net") == file
    assert named_file("other") is None  # the folder need not hold every network
    monkeypatch.setenv(weights.ENVIRONMENT, str(file))
    assert named_file("other") == file
    assert named_file("net", "elsewhere.pth").name == "elsewhere.pth"  # the parameter goes first
    with pytest.raises(InputError, match=r"no file of weights .*elsewhere"):
        obtain("net", str(tmp_path / "elsewhere.pth"))


def saved(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


class Evil:
    def __reduce__(self):
        return exec, ("raise SystemExit('executed')",)


def test_only_state_dicts_are_read():
    state = {"a": torch.arange(3.0).half()}
    assert torch.equal(read(saved(state), "f")["a"], state["a"])
    for wrong in (b"", b"not weights", saved(state)[:100], saved([1, 2]), saved({"a": 1})):
        with pytest.raises(InputError, match="FILE"):
            read(wrong, "FILE")
    with pytest.raises(InputError, match="FILE"):
        read(saved(Evil()), "FILE")
