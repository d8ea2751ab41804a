import hashlib
import io
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import safetensors.torch
import torch

from strata.download import download
from strata.errors import InputError, StrataError
from strata.models.transfer import weights
from strata.models.transfer.weights import (
    PublishedWeights,
    fetch_weights,
    named_file,
    obtain_weights,
    published_weights,
    read_weights,
)
from tests.loopback import serving

CONTENT = bytes(range(256)) * 4000
LOCK = ".net.pth.lock"


def source_of(server):
    return PublishedWeights(server.url, hashlib.sha256(CONTENT).hexdigest()[:8], 1.0)


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv(weights.ENVIRONMENT, raising=False)
    with serving(CONTENT, "net.pth") as made:
        yield made


def left(server):
    folder = source_of(server).path.parent
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def test_weights_are_fetched_once_with_progress(server):
    seen = []
    path = fetch_weights(source_of(server), "net", lambda *told: seen.append(told))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert fetch_weights(source_of(server), "net") == path
    assert len(server.requests) == 1
    assert left(server) == [LOCK, path.name]


@pytest.mark.parametrize("how", ["cut off", "stalled", "wrong", "refused"])
def test_a_bad_server_is_explained_and_the_next_run_succeeds(server, monkeypatch, how):
    if how == "cut off":
        server.breaks = [5000, 0, 0, 0]
    elif how == "stalled":
        monkeypatch.setattr(download, "STALL_SECONDS", 0.1)
        server.breaks, server.stalls = [5000, 0, 0, 0], True
    elif how == "wrong":
        server.data = b"x" * len(CONTENT)
    else:
        server.status = 403
    expected = {
        "cut off": "broke off after 5,000 of 1,024,000 bytes",
        "stalled": r"nothing arrived for 0\.1 seconds",
        "wrong": "not a digest that begins",
        "refused": "the server answers 403",
    }
    with pytest.raises(StrataError, match=f"weights of net are not .*{expected[how]}") as caught:
        fetch_weights(source_of(server), "net")
    assert isinstance(caught.value, InputError) == (how == "wrong")
    place = source_of(server).path
    assert str(place) in caught.value.hint
    assert place.name not in left(server)
    server.data, server.status, server.stalls, server.breaks = CONTENT, 200, False, []
    assert fetch_weights(source_of(server), "net").read_bytes() == CONTENT
    assert left(server) == [LOCK, place.name]


def test_processes_that_need_the_same_weights_fetch_them_once(server):
    server.breaks = [5000]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: fetch_weights(source_of(server), "net"), range(4)))
    assert {path.read_bytes() for path in found} == {CONTENT}
    assert len(server.requests) == 2


def test_a_folder_that_cannot_be_written(server):
    source_of(server).path.parent.parent.mkdir(parents=True)
    source_of(server).path.parent.write_bytes(b"a file")
    with pytest.raises(StrataError, match=r"not on this machine: .*written"):
        fetch_weights(source_of(server), "net")


def test_a_damaged_file_in_the_hub_folder_is_fetched_again(server):
    place = source_of(server).path
    place.parent.mkdir(parents=True)
    place.write_bytes(b"half")
    assert fetch_weights(source_of(server), "net").read_bytes() == CONTENT


def test_offline_the_hint_names_url_and_path(server):
    with socket.socket() as free:  # bound but not listening: connections are refused
        free.bind(("127.0.0.1", 0))
        source = PublishedWeights(f"http://127.0.0.1:{free.getsockname()[1]}/net.pth", "", 104.3)
        with pytest.raises(StrataError, match="weights of net are not on this machine") as caught:
            fetch_weights(source, "net")
    for part in ("net.pth (104 MB)", str(source.path), "weights =", weights.ENVIRONMENT):
        assert part in caught.value.hint


def test_torchvision_names_the_digest_and_the_size():
    found = published_weights("squeezenet1_1")
    assert found.url.endswith(f"-{found.digest}.pth")
    assert len(found.digest) == 8
    assert 4 < found.megabytes < 6
    with pytest.raises(InputError, match="no classification network") as caught:
        published_weights("squeezenet1_2")
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
    with pytest.raises(InputError, match=r"weights .*other\.pth, nor other\.safetensors beside it"):
        obtain_weights("other", str(tmp_path))
    with pytest.raises(InputError, match=r"no file of weights .*elsewhere"):
        obtain_weights("net", str(tmp_path / "elsewhere.pth"))


def saved(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


class Evil:
    def __reduce__(self):
        return exec, ("raise SystemExit('executed')",)


def test_only_state_dicts_are_read():
    state = {"a": torch.arange(3.0).half()}
    assert torch.equal(read_weights(saved(state), "f")["a"], state["a"])
    for wrong in (b"", b"not weights", saved(state)[:100], saved([1, 2]), saved({"a": 1})):
        with pytest.raises(InputError, match="FILE"):
            read_weights(wrong, "FILE")
    with pytest.raises(InputError, match="FILE"):
        read_weights(saved(Evil()), "FILE")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (torch.complex64, "complex64"), (torch.int64, "int64"), (torch.uint8, "uint8"),
        (torch.bool, "bool"),
    ],
)  # fmt: skip
def test_weights_that_are_no_real_numbers_are_refused(kind, name):
    """Torch would copy them into a network of float32, cut or rounded."""
    state = {"conv.weight": torch.ones(2, 2).to(kind), "bn.num_batches_tracked": torch.tensor(3)}
    with pytest.raises(InputError, match=rf"no real numbers: conv\.weight \({name}\)") as caught:
        read_weights(saved(state), "net.pth")
    assert caught.value.exit_code == 2


def test_sparse_weights_are_refused():
    with pytest.raises(InputError, match=r"net\.pth"):
        read_weights(saved({"a.weight": torch.eye(2).to_sparse()}), "net.pth")


def test_safetensors_are_read_too():
    state = {"a.weight": torch.ones(2, 3).half(), "bn.num_batches_tracked": torch.tensor(3)}
    content = safetensors.torch.save(state)
    found = read_weights(content, "FILE")
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)
    for wrong in (content[:-1], content[:20], b"\xff" * 8 + b"{", content + b"0"):
        with pytest.raises(InputError, match="FILE is not a file of weights"):
            read_weights(wrong, "FILE")


def test_half_precision_and_counters_are_read():
    state = {"a.weight": torch.ones(2).half(), "bn.num_batches_tracked": torch.tensor(3)}
    assert read_weights(saved(state), "net.pth").keys() == state.keys()
