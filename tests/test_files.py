"""Files as a whole or not at all."""

import pytest

from strata.files import atomic_writer, write_atomic


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
