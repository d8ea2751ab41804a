import hashlib
import socket

import pytest

from strata.digest import file_digest
from strata.download import download as module
from strata.download.download import download
from strata.errors import InputError, StrataError
from tests.loopback import serving

DATA = bytes(range(251)) * 1000  # no period that a resumed piece could hide in
DIGEST = hashlib.sha256(DATA).hexdigest()
OTHER = bytes(len(DATA))


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with serving(DATA) as made:
        yield made


@pytest.fixture
def target(tmp_path):
    return tmp_path / "file"


def names(target):
    return sorted(p.name for p in target.parent.iterdir())


def is_whole(target):
    return target.read_bytes() == DATA and names(target) == ["file"]


def test_a_file_arrives_with_progress_and_leaves_nothing_beside_it(server, target):
    server.tag = '"1"'
    calls = []
    download(server.url, target, sha256=DIGEST, progress=lambda *call: calls.append(call))
    assert is_whole(target)
    assert file_digest(target) == DIGEST
    assert calls[-1] == (len(DATA), len(DATA))
    assert [done for done, _ in calls] == sorted({done for done, _ in calls})


def test_a_cut_off_file_is_resumed(server, target):
    server.breaks = [70_000, 0, 50_000]
    download(server.url, target, sha256=DIGEST)
    assert is_whole(target)
    assert server.requests == [None, "bytes=70000-", "bytes=70000-", "bytes=120000-"]


@pytest.mark.parametrize("how", ["tag", "date"])
def test_what_identifies_the_file_is_sent_along(server, target, how):
    value = {"tag": '"v1"', "date": "Sat, 21 Nov 2026 06:27:22 GMT"}[how]
    setattr(server, how, value)
    server.breaks = [70_000]
    download(server.url, target)  # enough to resume without a checksum
    assert is_whole(target)
    assert server.requests == [None, "bytes=70000-"]
    assert server.conditions == [None, value]


def test_a_file_that_changed_meanwhile_starts_again(server, target):
    server.data, server.tag, server.breaks = OTHER, '"old"', [70_000, 0, 0, 0]
    with pytest.raises(StrataError, match="broke off"):
        download(server.url, target)
    server.data, server.tag = DATA, '"new"'
    download(server.url, target)
    assert is_whole(target)
    assert server.conditions[-1] == '"old"'


def test_a_weak_tag_identifies_nothing(server, target):
    server.tag, server.breaks = 'W/"1"', [70_000]
    download(server.url, target, sha256=DIGEST)
    assert is_whole(target)
    assert server.conditions == [None, None]


def test_nothing_is_pieced_together_that_could_not_be_checked(server, target):
    server.breaks = [70_000]
    download(server.url, target)
    assert is_whole(target)
    assert server.requests == [None, None]


def test_a_server_that_cannot_resume_starts_again(server, target):
    server.breaks, server.ranges = [70_000], False
    download(server.url, target, sha256=DIGEST)
    assert is_whole(target)
    assert len(server.requests) == 2


def test_the_next_call_goes_on_where_the_last_one_gave_up(server, target):
    server.breaks = [70_000, 0, 0, 0]
    with pytest.raises(StrataError, match="broke off after 70,000 of 251,000 bytes") as caught:
        download(server.url, target, sha256=DIGEST)
    assert "run again" in caught.value.hint
    assert names(target) == ["file.part"]
    server.requests.clear()
    download(server.url, target, sha256=DIGEST)
    assert is_whole(target)
    assert server.requests == ["bytes=70000-"]


def test_a_run_that_ended_before_the_last_step_asks_for_nothing_more(server, target):
    target.with_name("file.part").write_bytes(DATA)
    download(server.url, target, sha256=DIGEST)
    assert is_whole(target)
    assert server.requests == [f"bytes={len(DATA)}-"]


@pytest.mark.parametrize("junk", [b"x" * 1000, b"x" * 10_000_000])
def test_what_lies_there_of_another_file_is_thrown_away(server, target, junk):
    target.with_name("file.part").write_bytes(junk)
    download(server.url, target, sha256=DIGEST)
    assert is_whole(target)


def test_a_stall_times_out_and_keeps_what_arrived(server, target, monkeypatch):
    monkeypatch.setattr(module, "STALL_SECONDS", 0.1)
    server.stalls, server.breaks = True, [5000] + [0] * 9
    with pytest.raises(StrataError, match=r"nothing arrived for 0\.1 seconds"):
        download(server.url, target, sha256=DIGEST)
    assert len(server.requests) == 1 + module.ATTEMPTS
    assert target.with_name("file.part").read_bytes() == DATA[:5000]
    server.stalls, server.breaks = False, []
    download(server.url, target, sha256=DIGEST)
    assert is_whole(target)


def test_a_server_that_promises_more_than_it_has_is_given_up(server, target):
    server.adds, server.ranges = 1000, False
    with pytest.raises(StrataError, match="broke off after 251,000 of 252,000 bytes"):
        download(server.url, target, sha256=DIGEST)
    assert not target.exists()
    assert len(server.requests) == 1 + module.ATTEMPTS


def test_a_wrong_length_is_put_right_where_the_server_tells_the_true_one(server, target):
    server.adds = 1000
    download(server.url, target, sha256=DIGEST)
    assert is_whole(target)


def test_another_content_than_promised(server, target):
    for wrong in ("0" * 64, "12345678"):
        with pytest.raises(InputError, match=f"has sha256 {DIGEST}, not .*{wrong}"):
            download(server.url, target, sha256=wrong)
        assert names(target) == []


def test_the_beginning_of_a_digest_will_do(server, target):
    download(server.url, target, sha256=DIGEST[:8])
    assert is_whole(target)


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_refusal(server, target, status):
    server.status = status
    with pytest.raises(StrataError, match=f"the server answers {status}"):
        download(server.url, target, sha256=DIGEST)
    assert names(target) == []


def test_without_a_network(target, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as unused:  # bound but not listening: connections are refused
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/x.zip"
        with pytest.raises(StrataError, match=r"cannot be downloaded: .*refused") as caught:
            download(url, target, sha256=DIGEST)
    assert "Check the connection" in caught.value.hint


def test_a_place_that_cannot_be_written_is_not_taken_for_a_bad_connection(server, target):
    target.with_name("file.part").mkdir()
    with pytest.raises(StrataError, match=r"file\.part cannot be written"):
        download(server.url, target, sha256=DIGEST)
    assert len(server.requests) == 1
