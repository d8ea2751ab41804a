"""Data sets from the web; how files arrive is in tests/download."""

import hashlib
import multiprocessing
import shutil
import zipfile

import pytest

from strata.errors import InputError, StrataError
from strata.pipeline.data.source import open_source
from tests.loopback import serving
from tests.pipeline.data.folders import PIXEL


@pytest.fixture
def server(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name in ("a/1.png", "b/1.png"):
            archive.writestr(name, PIXEL + bytes(100_000))
    with serving((tmp_path / "set.zip").read_bytes(), "set.zip") as made:
        yield made


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
    assert left(tmp_path) == []  # the archive has served


def test_the_next_run_goes_on_where_the_last_one_gave_up(server, tmp_path):
    server.breaks = [70_000, 0, 0, 0]
    with pytest.raises(StrataError, match="broke off") as caught:
        fetched(server, tmp_path)
    assert "run again" in caught.value.hint
    assert left(tmp_path) == [".part"]
    server.requests.clear()
    assert fetched(server, tmp_path) == ["a/1.png", "b/1.png"]
    assert server.requests == ["bytes=70000-"]


def test_another_content_than_promised(server, tmp_path):
    with pytest.raises(InputError, match="has sha256") as caught:
        fetched(server, tmp_path, sha256="0" * 64)
    assert hashlib.sha256(server.data).hexdigest() in str(caught.value)
    assert left(tmp_path) == []


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


def test_a_finished_download_that_is_damaged_is_fetched_again(server, tmp_path):
    digest = hashlib.sha256(server.data).hexdigest()
    kept = tmp_path / "cache" / "downloads" / digest
    kept.parent.mkdir(parents=True)
    kept.write_bytes(server.data)
    assert fetched(server, tmp_path / "other", cache=tmp_path / "cache") == ["a/1.png", "b/1.png"]
    assert server.requests == []  # a whole one is not
    shutil.rmtree(tmp_path / "cache" / "archives" / digest)
    kept.write_bytes(server.data[:-1] + b"?")
    assert fetched(server, tmp_path) == ["a/1.png", "b/1.png"]
    assert server.requests == [None]


def test_a_damaged_copy_is_fetched_again_and_that_is_said(server, tmp_path):
    digest = hashlib.sha256(server.data).hexdigest()
    options = {"sha256": digest, "cache": tmp_path / "cache"}
    first = open_source(server.url, **options)
    first.files[0].path.write_bytes(b"another picture")
    again = open_source(server.url, **options)
    assert again.files == first.files
    assert again.files[0].path.read_bytes().startswith(PIXEL)
    assert again.notes == [
        f"the unpacked copy of {server.url} was damaged and made again: a/1.png has changed"
    ]
    assert len(server.requests) == 2
    again.files[0].path.unlink()
    server.status = 404
    with pytest.raises(StrataError, match=r"is damaged \(a/1.png is missing\).* answers 404"):
        open_source(server.url, **options)


@pytest.mark.parametrize(
    "url",
    [
        "http://a..b/x.zip", "http://[::1/x.zip", "http://a:99999999/x.zip", "http:///x.zip",
        "http://a:b/x.zip", "http://me:secret@host/x.zip", "http://a b/x.zip", "http://ü..ö/",
        "http://\u0000/", "http://" + "a" * 70 + "ü.de/",
    ],
)  # fmt: skip
def test_malformed_addresses(tmp_path, url):
    with pytest.raises(InputError, match="is not a URL") as caught:
        open_source(url, sha256="0" * 64, cache=tmp_path)
    assert caught.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def _fetch(url, sha256, cache, start, results):
    start.wait()
    try:
        results.put([f.id for f in open_source(url, sha256=sha256, cache=cache).files])
    except BaseException as error:
        results.put(repr(error))


def test_first_runs_at_once_download_it_once(server, tmp_path):
    digest = hashlib.sha256(server.data).hexdigest()
    context = multiprocessing.get_context("fork")
    start, results = context.Event(), context.Queue()
    arguments = (server.url, digest, tmp_path / "cache", start, results)
    runs = [context.Process(target=_fetch, args=arguments) for _ in range(4)]
    for run in runs:
        run.start()
    start.set()
    assert [results.get(timeout=60) for _ in runs] == [["a/1.png", "b/1.png"]] * 4
    for run in runs:
        run.join()
    assert server.requests == [None]
