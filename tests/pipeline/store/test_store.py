"""The store keeps what is finished, notices what is damaged, and forgets what was half-written."""

import errno
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

from strata.errors import InputError
from strata.pipeline.store import store as store_module
from strata.pipeline.store.checked_json import read_checked, write_checked
from strata.pipeline.store.errors import DamagedError, StoreFullError, storage_error
from strata.pipeline.store.scratch import scratch_path
from strata.pipeline.store.store import MANIFEST, Store

KEY, OTHER = "ab" + "0" * 38, "cd" + "0" * 38
VALUES = {"array": np.arange(6.0).reshape(2, 3), "text": "é", "empty": np.zeros((0, 3))}


@pytest.fixture
def store(tmp_path):
    store_module._verified.clear()
    return Store(tmp_path / "store").open()


def test_what_is_written_is_read(store):
    store.write(KEY, {**VALUES, "set": {1, 2}, "nested": {"a": [1, None]}}, {"stage": "s"})
    read = store.read_fitted(KEY)
    assert store.state(KEY) == "present"
    np.testing.assert_array_equal(read["array"], VALUES["array"])
    assert isinstance(read["array"], np.memmap)
    assert read["empty"].shape == (0, 3)
    assert (read["text"], read["set"], read["nested"]) == ("é", {1, 2}, {"a": [1, None]})
    assert set(read) == {"array", "empty", "text", "set", "nested"}
    with pytest.raises(KeyError):
        _ = read["missing"]


def test_the_first_of_two_writers_wins(store):
    store.write(KEY, {"value": 1}, {})
    store.write(KEY, {"value": 2}, {})
    assert store.read(KEY)["value"] == 1
    assert not list(store.writing.iterdir())


@pytest.mark.parametrize("name", ["array.npy", "values.json"])
def test_a_flipped_byte_is_noticed(store, name):
    store.write(KEY, VALUES, {})
    path = store.folder(KEY) / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    times = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert store.state(KEY) == "damaged"
    with pytest.raises(DamagedError):
        store.read(KEY)


def test_a_lost_file_or_record_is_noticed(store):
    store.write(KEY, VALUES, {})
    (store.folder(KEY) / "array.npy").unlink()
    assert store.state(KEY) == "damaged"
    (store.folder(KEY) / "manifest.json").write_text("{")
    assert store.state(KEY) == "damaged"


def test_touched_files_are_read_again_and_found_whole(store):
    store.write(KEY, VALUES, {})
    os.utime(store.folder(KEY) / "array.npy")
    assert store.state(KEY) == "present"


def test_a_full_disk_is_explained_and_leaves_nothing(store, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store_module, "write_artifact", full)
    with pytest.raises(StoreFullError, match="No space left"):
        store.write(KEY, VALUES, {})
    assert not list(store.writing.iterdir())
    assert store.state(KEY) == "absent"


def test_what_a_killed_process_left_is_swept(store):
    script = "import os; print(os.getpid())"
    dead = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout
    mine = scratch_path(store.writing)
    here, _, number = mine.name.split("-")
    left = store.writing / f"{here}-{dead.strip()}-{number}"
    # A process of this number in another container, which may have the same host name.
    elsewhere = store.writing / f"{here[::-1]}-{dead.strip()}-{number}"
    for folder in (left, mine, elsewhere):
        folder.mkdir()
    store.sweep()
    assert [folder.exists() for folder in (left, mine, elsewhere)] == [False, True, True]
    os.utime(elsewhere, (0, 0))
    store.sweep()
    assert not elsewhere.exists()


def test_temporary_files_that_nobody_writes_any_more_are_swept(store):
    (store.root / "checkpoints").mkdir()
    left = [
        store.root / "checkpoints" / f"{KEY}.123.tmp",
        store.root / ".code.json.123",
        store.data / ".images.json.4",
    ]
    kept = [store.root / "checkpoints" / KEY, store.data / "2.tmp"]
    for file in left + kept:
        file.write_text("half")
    store.sweep()
    assert all(file.exists() for file in left)
    for file in left:
        os.utime(file, (0, 0))
    store.sweep()
    assert [file.exists() for file in left + kept] == [False] * 3 + [True] * 2


def test_an_artifact_stays_until_the_one_in_its_place_is_complete(store, monkeypatch):
    store.write(KEY, {"value": 1}, {})

    def full(*_):
        assert store.read(KEY)["value"] == 1
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "write_artifact", full)
        with pytest.raises(StoreFullError):
            store.replace(KEY, {"value": 2}, {})
    assert store.read(KEY)["value"] == 1
    store.replace(KEY, {"value": 3}, {})
    assert store.read(KEY)["value"] == 3
    assert not list(store.writing.iterdir())


def exchanged_folders(store):
    one, other = store.folder(KEY), store.folder(OTHER)
    one.rename(store.root / "aside")
    other.rename(one)
    (store.root / "aside").rename(other)


def exchanged_files(store):
    one, other = (store.folder(key) / "values.json" for key in (KEY, OTHER))
    one.rename(store.root / "aside")
    other.rename(one)
    (store.root / "aside").rename(other)


def exchanged_files_and_manifests_with_keys_changed_by_hand(store):
    exchanged_folders(store)
    for key, before in ((KEY, OTHER), (OTHER, KEY)):
        path = store.folder(key) / MANIFEST
        path.write_text(path.read_text().replace(before, key))


def exchanged_inputs(store):
    for key in (KEY, OTHER):
        path = store.folder(key) / MANIFEST
        path.write_text(path.read_text().replace("an input", "another"))


def no_files(store):
    for key in (KEY, OTHER):
        write_checked(store.folder(key) / MANIFEST, {"key": key, "files": {}})


@pytest.mark.parametrize(
    "tamper",
    [
        exchanged_folders,
        exchanged_files,
        exchanged_files_and_manifests_with_keys_changed_by_hand,
        exchanged_inputs,
        no_files,
    ],
)
def test_artifacts_exchanged_by_hand_are_damaged(store, tamper):
    for key, value in ((KEY, 1), (OTHER, 2)):
        store.write(key, {"value": value}, {"inputs": [{"key": "an input"}]})
        assert store.read(key)["value"] == value
    tamper(store)
    for key in (KEY, OTHER):
        assert store.state(key) == "damaged"
        with pytest.raises(DamagedError):
            store.read(key)


def test_files_of_others_are_no_artifacts(store):
    store.write(KEY, {"value": 1}, {})
    (store.artifacts / KEY[:2] / ".DS_Store").write_bytes(b"left by another system")
    assert list(store.keys()) == [KEY]


def test_files_that_the_manifest_does_not_name_are_not_read(store):
    store.write(KEY, {"value": 1}, {})
    (store.folder(KEY) / "trial.pickle").write_bytes(pickle.dumps(2))
    assert dict(store.read_fitted(KEY)) == {"value": 1}


def test_cleaning_waits_for_nobody_but_refuses_while_in_use(store):
    with (
        store.in_use(),
        store.in_use(),
        pytest.raises(InputError, match="in use"),
        store.in_use(alone=True),
    ):
        pass
    with store.in_use(alone=True):
        pass


def test_a_store_of_another_format_is_refused(store):
    write_checked(store.root / "format", 0)
    with pytest.raises(InputError, match="another version"):
        Store(store.root).open()


def test_a_damaged_mark_of_the_format_is_written_again(store):
    (store.root / "format").write_bytes(b"\xff\x00")
    Store(store.root).open()
    assert read_checked(store.root / "format") == store_module.FORMAT


def test_making_one_artifact_keeps_nobody_from_making_another(store):
    keys = ["ea7" + digit * 29 for digit in "01"]  # no two share more by chance than a few digits
    done = []

    def other():
        with store.making(keys[1]):
            done.append(True)

    thread = threading.Thread(target=other, daemon=True)
    with store.making(keys[0]):
        thread.start()
        thread.join(5)
        assert done
    assert not list((store.root / "locks").glob("ea7*"))


def test_an_array_that_did_not_fit_is_a_full_disk(tmp_path):
    told = storage_error(OSError("7851008 requested and 6086528 written"), tmp_path)
    assert isinstance(told, StoreFullError)
    assert "No space left on the disk" in str(told)
