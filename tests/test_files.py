"""Files as a whole or not at all, and paths with `~`."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import strata
from strata.errors import InputError
from strata.files import atomic_writer, expand_user, read_checked, write_atomic, write_checked


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "notes.json"
    write_atomic(path, "Käse")
    assert path.read_bytes() == "Käse".encode()
    with atomic_writer(path) as stream:
        stream.write(b"half")
        stream.flush()
        assert path.read_bytes() == "Käse".encode()
    assert path.read_bytes() == b"half"
    assert list(tmp_path.iterdir()) == [path]


def write_rows(path, rows):
    with atomic_writer(path) as stream:
        stream.writelines(rows)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "notes.json"
    write_atomic(path, b"whole")
    with pytest.raises(TypeError):
        write_rows(path, [b"ha", "not bytes"])
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.data())
def test_a_checked_file_is_read_whole_or_not_at_all(tmp_path_factory, content, data):
    path = tmp_path_factory.getbasetemp() / "checked"
    write_checked(path, content)
    assert read_checked(path) == content
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(raw)
    assert read_checked(path) is None
    path.write_bytes(raw[:at])
    assert read_checked(path) is None


def test_a_checked_file_that_is_absent_or_a_folder(tmp_path):
    assert read_checked(tmp_path / "none") is None
    assert read_checked(tmp_path) is None


def test_home_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expand_user("~/x") == tmp_path / "x"
    assert expand_user("a/~") == Path("a/~")
    with pytest.raises(InputError, match="home folder ~nosuchuser is not known"):
        expand_user("~nosuchuser/x")


def test_paths_are_expanded_in_one_place():
    """Path.expanduser raises RuntimeError for unknown users."""
    root = Path(strata.__file__).parent
    assert [
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if "expanduser(" in path.read_text(encoding="utf-8")
    ] == ["files.py"]
