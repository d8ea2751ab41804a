import hashlib
import os
import pickle
import socket

import pytest

from strata.image_io import ImageError, limits, read_content, read_image
from tests.image_io.files import FILES


def test_files_that_are_none(tmp_path):
    empty, folder = tmp_path / "empty.png", tmp_path / "folder.jpg"
    empty.touch()
    folder.mkdir()
    for path, reason in [
        (empty, "empty"), (folder, "folder"), (tmp_path / "none.jpg", "no such file"),
        (empty / "x.jpg", "cannot be opened"), (tmp_path / ("n" * 300), "cannot be opened"),
        (tmp_path / "a\0b", "cannot be opened"),
    ]:  # fmt: skip
        with pytest.raises(ImageError, match=reason):
            read_image(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(FILES["png"])
    path.chmod(0)
    with pytest.raises(ImageError, match="Permission denied"):
        read_image(path)


def test_what_would_never_end_is_refused_at_once(tmp_path, monkeypatch):
    """A pipe without a writer, a device without an end, a link to itself, a socket."""
    pipe, circle = tmp_path / "pipe.jpg", tmp_path / "circle.jpg"
    os.mkfifo(pipe)
    circle.symlink_to(circle)
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # a path of a socket must be short
        server.bind("s.jpg")
        for name, reason in [
            ("pipe", "a pipe or a device"), ("zero", "a pipe or a device"),
            ("circle", "cannot be opened"), ("s", "cannot be opened"),
        ]:  # fmt: skip
            with pytest.raises(ImageError, match=reason):
                read_image(tmp_path / f"{name}.jpg")


def test_a_file_larger_than_the_memory_allowed_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(2**40)  # sparse: takes no space
    with pytest.raises(ImageError, match=r"larger .* STRATA_IMAGE_LIMIT .*1,099,511,627,776"):
        read_image(path)
    monkeypatch.setattr("os.fstat", lambda _: os.stat(tmp_path / "small.jpg"))
    (tmp_path / "small.jpg").touch()
    monkeypatch.setattr(limits, "MAX_BYTES", 1000)
    assert len(read_content(path)) == 1001  # a size that was not told is not believed


def test_no_memory_is_an_error_of_the_image(tmp_path, monkeypatch):
    def none(*_):
        raise MemoryError

    path = tmp_path / "x.png"
    path.write_bytes(FILES["png"])
    monkeypatch.setattr("strata.image_io.reader.np.empty", none)
    with pytest.raises(ImageError, match="too large for the memory"):
        read_image(path)


def test_another_content_than_listed_is_refused(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(FILES["png"])
    digest = hashlib.sha256(FILES["png"]).hexdigest()
    assert read_image(path, digest=digest).shape == (37, 53, 3)
    path.write_bytes(FILES["bmp"])
    told = r"x\.png: was changed after .*\n.*Run the command again"
    with pytest.raises(ImageError, match=told) as caught:
        read_image(path, digest=digest)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.hint) == (str(caught.value), caught.value.hint)
