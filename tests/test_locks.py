"""Locks that live in files."""

import multiprocessing
import threading
from pathlib import Path

from strata.locks import self_removing_lock


def count(folder: Path, times: int) -> None:
    """Read a number, add one, write it: a lost update shows that two were in at once."""
    for _ in range(times):
        with self_removing_lock(folder / "lock"):
            number = int((folder / "number").read_text())
            (folder / "number").write_text(str(number + 1))


def test_one_holder_at_a_time_though_the_file_comes_and_goes(tmp_path):
    (tmp_path / "number").write_text("0")
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=count, args=(tmp_path, 300)) for _ in range(3)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert (tmp_path / "number").read_text() == "900"
    assert not (tmp_path / "lock").exists()


def test_a_lock_file_left_behind_is_not_held(tmp_path):
    (tmp_path / "lock").touch()
    with self_removing_lock(tmp_path / "lock"):
        pass
    assert not (tmp_path / "lock").exists()


def test_an_error_releases_it(tmp_path):
    try:
        with self_removing_lock(tmp_path / "lock"):
            raise ValueError
    except ValueError:
        pass
    held = []

    def hold():
        with self_removing_lock(tmp_path / "lock"):
            held.append(True)

    other = threading.Thread(target=hold, daemon=True)
    other.start()
    other.join(5)
    assert held
