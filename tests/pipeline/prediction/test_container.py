"""The container of model files: what was written is read, and nothing else."""

import os
import struct
import time
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.errors import InputError
from strata.pipeline.prediction.container import Container, container_writer

ENTRIES = {
    "artifacts/00-a.json": b'{"a": 1}' * 50,
    "artifacts/00-a.safetensors": np.random.default_rng(0).bytes(600),
    "model.json": b"{}",
}


def written(path, entries=None):
    digests = {}
    with container_writer(path) as add:
        for name, data in (ENTRIES if entries is None else entries).items():
            digests[name] = add(name, data)
    digests.pop("model.json", None)
    return digests


def zipped(path, entries, **keywords):
    """A zip by any other program."""
    with zipfile.ZipFile(path, "w", **keywords) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def test_entries_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "m.strata"
    digests = written(path)
    found = Container(path)
    found.verify(digests)
    assert {name: found.read(name) for name in ENTRIES} == ENTRIES
    again = tmp_path / "again.strata"
    written(again)
    assert again.read_bytes() == path.read_bytes()
    packed = {i.filename: i.compress_type for i in zipfile.ZipFile(path).infolist()}
    assert packed["artifacts/00-a.json"] == zipfile.ZIP_DEFLATED
    assert packed["artifacts/00-a.safetensors"] == zipfile.ZIP_STORED


def test_what_packs_too_well_is_stored_so_that_it_can_be_read(tmp_path):
    path = tmp_path / "m.strata"
    entries = {"artifacts/00-zeros.safetensors": bytes(2**25), "model.json": b"{}"}
    digests = written(path, entries)
    Container(path).verify(digests)
    assert path.stat().st_size > 2**25


def test_files_of_more_than_4_gigabytes_would_be_read(tmp_path, monkeypatch):
    """Their directory has other records (zip64), which are used for smaller files here."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    path = tmp_path / "m.strata"
    digests = written(path)
    assert path.read_bytes()[-42:-38] == b"PK\x06\x07"
    assert read_all(path, digests) == ENTRIES


def test_a_failure_leaves_no_file_and_an_old_one_as_it_is(tmp_path):
    path = tmp_path / "m.strata"
    path.write_bytes(b"before")
    with pytest.raises(AssertionError), container_writer(path) as add:
        add("../model.json", b"{}")
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["m.strata"]
    with (
        pytest.raises(InputError, match="cannot be written"),
        container_writer(tmp_path / "no" / "m.strata"),
    ):
        pass


@pytest.mark.parametrize("name", ["folder", "absent", "pipe"])
def test_what_is_no_file_is_refused_at_once(tmp_path, name):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=name):
        Container(tmp_path / name)


EVIL = {
    "path escape": [("model.json", b"{}"), ("../evil.json", b"{}")],
    "absolute": [("model.json", b"{}"), ("/etc/passwd", b"{}")],
    "backslash": [("model.json", b"{}"), ("artifacts\\..\\a.json", b"{}")],
    "pickle": [("model.json", b"{}"), ("artifacts/a.pickle", b"cos\nsystem\n(S'true'\ntR.")],
    "folder": [("model.json", b"{}"), ("artifacts/", b"")],
    "unexpected": [("model.json", b"{}"), ("readme.txt", b"{}")],
    "no model.json": [("artifacts/a.json", b"{}")],
    "no entries": [],
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", [*EVIL, "twice", "bomb", "bzip2"])
def test_odd_entries_are_refused_in_less_than_a_second(tmp_path, kind):
    path = tmp_path / "m.strata"
    if kind == "twice":
        zipped(path, [("model.json", b"{}"), ("model.json", b"[]")])
    elif kind == "bomb":
        entries = [("model.json", b"{}"), ("artifacts/a.safetensors", bytes(2**26))]
        zipped(path, entries, compression=zipfile.ZIP_DEFLATED)
    elif kind == "bzip2":
        zipped(path, [("model.json", b"{}")], compression=zipfile.ZIP_BZIP2)
    else:
        zipped(path, EVIL[kind])
    begun = time.perf_counter()
    with pytest.raises(InputError, match=r"m\.strata is not a whole model file: .*\.") as caught:
        Container(path)
    assert time.perf_counter() - begun < 1
    assert caught.value.exit_code == 2
    assert "strata export" in caught.value.hint


def test_one_entry_that_unpacks_to_too_much_is_refused_whatever_lies_beside_it(tmp_path):
    path = tmp_path / "m.strata"
    noise = np.random.default_rng(0).bytes(2**20)  # 20 MB would be allowed to the whole file
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("artifacts/a.safetensors", noise, zipfile.ZIP_STORED)
        archive.writestr("model.json", b"[" + b"[]," * 10**6 + b"[]]")
    with pytest.raises(InputError, match=r"'model\.json' would unpack to 3000004 bytes"):
        Container(path)


def test_a_bomb_that_lies_about_its_size_unpacks_to_no_more(tmp_path):
    path = tmp_path / "m.strata"
    entries = [("model.json", b"{}"), ("artifacts/a.safetensors", bytes(2**26))]
    zipped(path, entries, compression=zipfile.ZIP_DEFLATED)
    content = path.read_bytes().replace(struct.pack("<L", 2**26), struct.pack("<L", 1000))
    path.write_bytes(content)
    found = Container(path)
    begun = time.perf_counter()
    with pytest.raises(InputError, match=r"m\.strata"):
        found.read("artifacts/a.safetensors")
    assert time.perf_counter() - begun < 1


def test_entries_that_overlap_are_refused(tmp_path):
    """As in Fifield's bombs, where thousands of entries share their content."""
    path = tmp_path / "m.strata"
    data = np.random.default_rng(0).bytes(2**16)
    zipped(path, [("model.json", b"{}"), ("artifacts/a.json", data), ("artifacts/b.json", data)])
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        first, second = archive.getinfo("artifacts/a.json"), archive.getinfo("artifacts/b.json")
    del content[second.header_offset : archive.start_dir]
    moved = struct.pack("<L", second.header_offset)
    content = content.replace(moved, struct.pack("<L", first.header_offset), 1)
    content[-6:-2] = moved
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"m\.strata"):
        Container(path).read("artifacts/b.json")


@pytest.mark.parametrize("field", ["directory", "zip64"])
def test_a_directory_of_4_gigabytes_is_refused(tmp_path, field):
    path = tmp_path / "m.strata"
    written(path)
    content = bytearray(path.read_bytes())
    if field == "directory":
        content[-10:-6] = b"\xff\xff\xff\xfe"
    else:  # records of zip64 before the end
        end = content[-22:]
        big = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 3, 3, 2**32, 0)
        content[-22:] = big + struct.pack("<4sLQL", b"PK\x06\x07", 0, len(content) - 22, 1) + end
    path.write_bytes(content)
    with pytest.raises(InputError, match="its directory has 42"):
        Container(path)


def read_all(path, digests):
    found = Container(path)
    found.verify(digests)
    return {name: found.read(name) for name in found.sizes}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "m.strata"
    digests = written(path)
    return path.read_bytes(), digests, path.with_name("altered.strata")


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_flipped_bytes_are_refused_or_harmless(sound, data):
    content, digests, path = sound
    altered = bytearray(content)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        altered[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(altered)
    try:
        assert read_all(path, digests) == ENTRIES
    except InputError as error:
        assert "altered.strata" in error.what  # noqa: PT017


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_cut_and_lengthened_files_are_refused(sound, data):
    content, digests, path = sound
    begin = data.draw(st.integers(0, len(content) - 1))
    end = data.draw(st.integers(begin, len(content)))
    more = data.draw(st.binary(max_size=4))
    changed = content[:begin] + more + content[end:]
    path.write_bytes(changed)
    if changed == content:
        return
    with pytest.raises(InputError, match=r"altered\.strata"):
        read_all(path, digests)


def test_a_file_that_is_exchanged_while_it_is_in_use_is_refused(tmp_path):
    path = tmp_path / "m.strata"
    written(path)
    found = Container(path)
    written(path, {**ENTRIES, "model.json": b"[]"})
    with pytest.raises(InputError, match="changed while it was in use"):
        found.read("model.json")
