"""Notes on the runs of an experiment file."""

from strata.pipeline.store.checked_json import write_checked
from strata.pipeline.store.run_notes import RunNote, read_note, write_note
from strata.pipeline.store.store import Store

FIRST, SECOND = {"a.png": ["1", "x", ""]}, {"a.png": ["2", "x", ""]}


def test_notes_are_found_again_after_the_project_was_moved(tmp_path):
    store = Store(tmp_path / "before" / ".strata").open()
    note = RunNote("name", ["key"])
    note.record("fisher", "digest", FIRST, ["b", "a"])
    write_note(store, tmp_path / "before" / "strata.toml", note)
    assert read_note(store, tmp_path / "before" / "other.toml") is None
    (tmp_path / "before").rename(tmp_path / "after")
    moved = Store(tmp_path / "after" / ".strata").open()
    assert read_note(moved, tmp_path / "after" / "strata.toml") == note


def test_each_method_has_the_images_that_it_was_made_from():
    note = RunNote()
    note.record("bovw", "1", FIRST, ["k1"])
    note.record("fisher", "1", FIRST, ["k2"])
    note.record("fisher", "2", SECOND, ["k3"])
    assert note.images_of("bovw") == FIRST
    assert note.images_of("fisher") == SECOND
    assert note.images_of("gist") is None
    assert (note.keys_of("fisher"), note.keys_of("gist")) == (["k3"], [])
    note.record("bovw", "2", SECOND, ["k4"])
    assert note.snapshots == {"2": SECOND}


def test_a_note_of_another_version_counts_as_none(tmp_path):
    store, file = Store(tmp_path / ".strata").open(), tmp_path / "strata.toml"
    write_note(store, file, RunNote("name"))
    (path,) = (store.data / "runs").iterdir()
    write_checked(path, {"name": "name", "added later": 1})
    assert read_note(store, file) is None
