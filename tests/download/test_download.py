import hashlib
import socket
import urllib.request

import pytest

from strata.digest import file_digest
from strata.download import connection
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
    monkeypatch.setattr(module, "STALL_SECONDS", 0.3)
    server.stalls, server.breaks = True, [5000] + [0] * 9
    with pytest.raises(StrataError, match=r"nothing arrived for 0\.3 seconds"):
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


def trickle(of):
    """A server that sends one byte now and then, for ever: of the headers, chunk lengths, content.

    No wait for a single byte is longer than the limit.
    """

    def send(handler):
        start = {
            "headers": b"HTTP/1.1 200 OK\r\nX-Slow: ",
            "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
            "content": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        }[of]
        handler.wfile.write(start)
        while not handler.server.closing.wait(0.02):
            handler.wfile.write(b"1")

    return send


@pytest.mark.parametrize("of", ["headers", "chunks", "content"])
def test_a_trickle_is_given_up(server, target, monkeypatch, of):
    monkeypatch.setattr(module, "STALL_SECONDS", 0.2)
    monkeypatch.setattr(module, "SLOW_SECONDS", 0.2)
    server.http.closing, server.script = server.go_on, trickle(of)
    with pytest.raises(StrataError, match=r"nothing arrived|hardly anything arrives"):
        download(server.url, target, sha256=DIGEST)
    assert len(server.requests) == module.ATTEMPTS
    assert not target.exists()


def test_a_file_of_unknown_length_arrives(server, target):
    server.length = False
    download(server.url, target, sha256=DIGEST)
    assert is_whole(target)


def test_a_file_of_unknown_length_is_resumed(server, target):
    server.length = False
    part = target.with_name(f"{target.name}.part")
    part.write_bytes(server.data[:1000])
    download(server.url, target, sha256=hashlib.sha256(server.data).hexdigest())
    assert target.read_bytes() == server.data
    assert server.requests == ["bytes=1000-"]


def test_an_endless_file_stops_short_of_a_full_disk(server, target, monkeypatch):
    free = module.shutil.disk_usage(target.parent).free
    monkeypatch.setattr(module, "DISK_FRACTION", 100_000 / free)
    server.length, server.data = False, bytes(20_000_000)
    with pytest.raises(StrataError, match="does not say how long the file is"):
        download(server.url, target, sha256=DIGEST)
    assert names(target) == []


def test_a_file_larger_than_the_disk_is_refused_before_it_is_fetched(server, target):
    server.adds = 10**17
    with pytest.raises(StrataError, match=r"100,000,000,000,251,000 bytes, and only .* are free"):
        download(server.url, target, sha256=DIGEST)
    assert names(target) == []
    assert len(server.requests) == 1


@pytest.mark.parametrize("length", ["9" * 5000, "-5", "²", "1e3"])
def test_lengths_that_are_no_numbers(server, target, length):
    def send(handler):
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
        handler.wfile.write(head.encode("latin-1") + DATA)

    server.script = send
    download(server.url, target, sha256=DIGEST)
    assert is_whole(target)


@pytest.mark.parametrize("answer", [b"", b"junk", b"HTTP/1.1 2000 OK\r\n\r\n", b"\x00" * 70_000])
def test_answers_that_are_no_http(server, target, answer):
    server.script = lambda handler: handler.wfile.write(answer)
    with pytest.raises(StrataError, match="cannot be downloaded"):
        download(server.url, target, sha256=DIGEST)


@pytest.mark.parametrize("place", ["ftp://127.0.0.1/x", "file:///etc/passwd", "http://[::1/"])
def test_redirects_to_other_kinds_of_places_are_refused(server, target, place):
    server.redirect = place
    with pytest.raises(StrataError, match="cannot be downloaded"):
        download(server.url, target, sha256=DIGEST)
    assert names(target) == []


def test_a_redirect_from_https_to_http_is_refused():
    redirects = connection._Redirects()
    request = urllib.request.Request("https://example.org/x.zip")
    for place, message in (
        ("http://example.org/x.zip", "which is not encrypted"),
        ("ftp://example.org/x.zip", "not http or https"),
    ):
        with pytest.raises(StrataError, match=message) as caught:
            redirects.redirect_request(request, None, 302, "", {}, place)
        assert place in str(caught.value)
    ahead = redirects.redirect_request(request, None, 302, "", {}, "https://other.org/x.zip")
    assert ahead.full_url == "https://other.org/x.zip"


def test_a_redirect_is_followed(server, target):
    with serving(b"") as first:
        first.redirect = server.url
        download(first.url, target, sha256=DIGEST)
    assert is_whole(target)


@pytest.mark.parametrize(
    "junk", [b"", b"\xff\xfe\0", b'"1"\r\nHost: x', b"9" * 10_000, "é".encode(), b'0\n"1"']
)
def test_a_damaged_tag_counts_as_none(server, target, junk):
    server.tag = '"1"'
    target.with_name("file.part").write_bytes(DATA[:1000])
    target.with_name("file.part.tag").write_bytes(junk)
    download(server.url, target, sha256=DIGEST)
    assert is_whole(target)
    assert server.conditions == [None]


def test_a_tag_that_cannot_be_removed_is_a_sentence(server, target):
    target.with_name("file.part.tag").mkdir()
    with pytest.raises(StrataError, match=r"file\.part\.tag cannot be written"):
        download(server.url, target, sha256=DIGEST)
    assert not target.exists()


def test_an_odd_tag_of_the_server_is_not_sent_back(server, target):
    def send(handler):
        server.script = None
        head = f'HTTP/1.1 200 OK\r\nETag: "1"\r\n x\r\nContent-Length: {len(DATA)}\r\n\r\n'
        handler.wfile.write(head.encode() + DATA[:500])

    server.script = send
    download(server.url, target, sha256=DIGEST)
    assert is_whole(target)
    assert server.conditions == [None, None]


def test_a_url_with_letters_beyond_ascii_is_fetched(target):
    with serving(DATA, "Fluß und Meer.zip") as made:
        download(made.url, target, sha256=DIGEST)
        assert is_whole(target)
