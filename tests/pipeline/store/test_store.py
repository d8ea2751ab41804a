"""The store keeps what is finished, notices what is damaged, and forgets what was half-written."""

import errno
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from strata.errors import InputError
from strata.pipeline.store import store as store_module
from strata.pipeline.store.store import DamagedError, Store, StoreFullError

KEY = "ab" + "0" * 38
VALUES = {"array": np.arange(6.0).reshape(2, 3), "text": "é", "empty": np.zeros((0, 3))}


@pytest.fixture
def store(tmp_path):
    store_module._verified.clear()
    return Store(tmp_path / "store").open()


def test_what_is_written_is_read(store):
    store.write(KEY, {**VALUES, "set": {1, 2}, "nested": {"a": [1, None]}}, {"stage": "s"})
    read = store.read(KEY)
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
    host = os.uname().nodename
    left = store.writing / f"{host}-{dead.strip()}-abc"
    mine = store.writing / f"{host}-{os.getpid()}-abc"
    left.mkdir()
    mine.mkdir()
    store.sweep()
    assert not left.exists()
    assert mine.exists()


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
    (store.root / "format").write_text("0\n")
    with pytest.raises(InputError, match="another version"):
        Store(store.root).open()


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
    told = store_module.storage_error(OSError("7851008 requested and 6086528 written"), tmp_path)
    assert isinstance(told, StoreFullError)
    assert "No space left on the disk" in str(told)
