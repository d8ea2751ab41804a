"""Folders made once: whole or made again, whoever makes them."""

import multiprocessing
import os
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.errors import InputError, StrataError
from strata.pipeline.data import committed_folder
from strata.pipeline.data.committed_folder import CHECKSUMS, commit_folder, folder_damage

CONTENT = {"a/1.png": b"one", "a/deep/2.png": b"two", "b/3.png": b""}


def fill(folder):
    for name, content in CONTENT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != CHECKSUMS
    }


@pytest.fixture
def folder(tmp_path):
    assert commit_folder(tmp_path / "made", fill) == ""
    return tmp_path / "made"


def unused(_folder):
    raise AssertionError


def test_a_whole_folder_is_not_made_again(folder):
    assert content(folder) == CONTENT
    assert commit_folder(folder, unused) == ""
    (folder / "a" / ".DS_Store").touch()  # an operating system looked at it
    assert commit_folder(folder, unused) == ""


DAMAGES = {
    "a/1.png is missing": lambda folder: (folder / "a/1.png").unlink(),
    "a/1.png has changed": lambda folder: (folder / "a/1.png").write_bytes(b"eno"),
    "b/3.png has changed": lambda folder: (folder / "b/3.png").write_bytes(b"x"),
    "a/4.png is new": lambda folder: (folder / "a/4.png").touch(),
    "a/1.png is no file": lambda folder: pipe(folder / "a/1.png"),
    "its list of checksums is missing or damaged": lambda f: (f / CHECKSUMS).unlink(),
    "a/deep/2.png is missing": lambda folder: shutil.rmtree(folder / "a/deep"),
}


def pipe(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_is_made_again(folder, damage):
    DAMAGES[damage](folder)
    assert commit_folder(folder, fill) == damage
    assert content(folder) == CONTENT
    assert commit_folder(folder, unused) == ""
    assert sorted(p.name for p in folder.parent.iterdir()) == ["made", "made.lock"]


def test_a_change_that_keeps_size_and_time_is_noticed(folder):
    path = folder / "a/1.png"
    before = path.stat()
    path.write_bytes(b"eno")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert folder_damage(folder) == "a/1.png has changed"


def test_a_copied_folder_is_read_once_and_trusted_then(folder, tmp_path, monkeypatch):
    shutil.copytree(folder, tmp_path / "copy")
    assert folder_damage(tmp_path / "copy") == ""
    monkeypatch.setattr(committed_folder, "file_digest", unused)
    assert folder_damage(tmp_path / "copy") == ""


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_flipped_byte_of_the_list_goes_unnoticed(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("list", numbered=True) / "made"
    commit_folder(folder, fill)
    raw = bytearray((folder / CHECKSUMS).read_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    (folder / CHECKSUMS).write_bytes(raw)
    assert commit_folder(folder, fill)
    assert commit_folder(folder, unused) == ""


def test_nothing_is_left_of_a_failure_and_the_damage_is_told(folder):
    def fail(partial):
        fill(partial)
        raise StrataError("The server is away.", "Wait.")

    (folder / "a/1.png").unlink()
    with pytest.raises(StrataError, match=r"made is damaged \(a/1.png is missing\). The server"):
        commit_folder(folder, fail)
    with pytest.raises(StrataError, match=r"^The server is away"):
        commit_folder(folder.with_name("other"), fail)
    assert {p.name for p in folder.parent.iterdir()} == {"made", "made.lock", "other.lock"}


def test_leftovers_of_killed_processes_are_removed(folder):
    (folder.parent / "made.part-1" / "a").mkdir(parents=True)
    (folder / "a/1.png").unlink()
    commit_folder(folder, fill)
    assert sorted(p.name for p in folder.parent.iterdir()) == ["made", "made.lock"]


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written") as caught:
        commit_folder(tmp_path / "file" / "made", fill)
    assert "--store" in caught.value.hint


def _commit(folder, locks, start, results):
    if not locks:
        committed_folder.file_lock = _no_lock
    start.wait()
    results.put(commit_folder(folder, fill))


def _no_lock(_path):
    import contextlib

    return contextlib.nullcontext(False)


@pytest.mark.parametrize("locks", [True, False])
@pytest.mark.parametrize("damaged", [True, False])
def test_processes_that_make_it_at_once(tmp_path, locks, damaged):
    folder = tmp_path / "made"
    if damaged:
        commit_folder(folder, fill)
        (folder / "a/1.png").unlink()
    context = multiprocessing.get_context("fork")
    start, results = context.Event(), context.Queue()
    processes = [
        context.Process(target=_commit, args=(folder, locks, start, results)) for _ in range(5)
    ]
    for process in processes:
        process.start()
    start.set()
    found = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert set(found) <= {"", "a/1.png is missing"}
    assert content(folder) == CONTENT
    assert folder_damage(folder) == ""
    assert {p.name for p in tmp_path.iterdir()} <= {"made", "made.lock"}
