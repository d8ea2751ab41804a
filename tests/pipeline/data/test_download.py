"""Data sets from the web; how files arrive is in tests/test_download.py."""

import hashlib
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
    assert left(tmp_path) == [".lock"]  # the archive has served


def test_the_next_run_goes_on_where_the_last_one_gave_up(server, tmp_path):
    server.breaks = [70_000, 0, 0, 0]
    with pytest.raises(StrataError, match="broke off") as caught:
        fetched(server, tmp_path)
    assert "run again" in caught.value.hint
    assert left(tmp_path) == [".lock", ".part"]
    server.requests.clear()
    assert fetched(server, tmp_path) == ["a/1.png", "b/1.png"]
    assert server.requests == ["bytes=70000-"]


def test_another_content_than_promised(server, tmp_path):
    with pytest.raises(InputError, match="has sha256") as caught:
        fetched(server, tmp_path, sha256="0" * 64)
    assert hashlib.sha256(server.data).hexdigest() in str(caught.value)
    assert left(tmp_path) == [".lock"]


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
