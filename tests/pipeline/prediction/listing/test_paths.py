"""Files that the arguments of `strata predict` stand for."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.errors import InputError
from strata.pipeline.prediction.listing.paths import AskedFile, AskedFiles, records
from tests.pipeline.data.folders import PIXEL, lay_out


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stream(content: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(content))


def asked(*arguments: str, stdin: bytes = b"") -> list[AskedFile]:
    return list(AskedFiles(arguments, stream(stdin)))


def lay_out_text(root: Path, *names: str) -> None:
    lay_out(root, *names, content=b"text")


def paths(*arguments: str, stdin: bytes = b"") -> list[str]:
    found = asked(*arguments, stdin=stdin)
    assert not any(file.problem for file in found), found
    return [file.path for file in found]


def test_links_that_loop_are_not_followed_and_names_of_one_file_are_images_each(here):
    lay_out(here, "odd/1.JPG", "odd/a/2.JPG")
    (here / "odd" / "loop").symlink_to(".")
    (here / "odd" / "a" / "up").symlink_to("..")
    (here / "odd" / "same.JPG").symlink_to("1.JPG")
    for pattern in ("odd/**/*.JPG", "**/*.JPG", "**/odd/**/*.JPG"):
        assert paths(pattern) == ["odd/1.JPG", "odd/a/2.JPG", "odd/same.JPG"]
    assert paths("odd/loop/1.JPG", "odd/1.JPG") == ["odd/loop/1.JPG"]


def test_a_folder_stands_for_its_images_and_a_file_for_itself(here):
    lay_out(here, "a/2.png", "a/1.png", "a/b/3.png", "a/.hidden.png", "a/Thumbs.db", "x.txt")
    assert paths("a") == ["a/1.png", "a/2.png", "a/b/3.png"]
    assert paths("x.txt", "./a/2.png", "a/") == ["x.txt", "./a/2.png", "a/1.png", "a/b/3.png"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a/*.png", ["a/1.png", "a/2.png"]),
        ("a/**", ["a/1.png", "a/2.png", "a/b/3.png"]),
        ("**/*.png", ["a/1.png", "a/2.png", "a/b/3.png", "odd[1].png"]),
        ("a/[b-z]", ["a/b/3.png"]),
        ("a/?.*", ["a/1.png", "a/2.png"]),
        ("odd[1].png", ["odd[1].png"]),  # a file of that name
    ],
)
def test_a_pattern_stands_for_the_images_that_match(here, pattern, found):
    lay_out(here, "a/1.png", "a/2.png", "a/b/3.png", "odd[1].png")
    lay_out_text(here, "a/4.txt")
    assert paths(pattern) == found


def test_other_files_of_folders_are_counted_and_named_ones_are_read(here):
    lay_out(here, "a/1.png")
    lay_out_text(here, "a/notes.txt", "a/c/film.mp4", "a/README")
    files = AskedFiles(["a", "a/notes.txt"])
    assert [file.path for file in files] == ["a/1.png", "a/notes.txt"]
    assert (files.total, files.others) == (2, 3)


def test_whatever_holds_no_images_is_named(here):
    lay_out_text(here, "text/1.txt", "text/2.txt")
    (here / "empty").mkdir()
    assert asked("text", "empty", "text/*", "*.tif", "gone") == [
        AskedFile("text", "holds no images (2 other files)"),
        AskedFile("empty", "holds no images"),
        AskedFile("text/*", "there are no images of this pattern (2 other files)"),
        AskedFile("*.tif", "there are no images of this pattern"),
        AskedFile("gone"),  # which its reader tells
    ]
    assert asked("-") == [AskedFile("-", "there are no paths on standard input")]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("shot.NEF", b"II*\0" + bytes(60), "a camera's raw image"),
        ("shot.jp2", b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 image"),
        ("scan", b"P6\n4 4\n255\n" + bytes(48), "a PNM image"),
        ("photo.jpg_large", PIXEL, "an image by its content, but not by its name"),
    ],
    ids=["raw", "jp2", "pnm", "suffix"],
)
def test_images_that_folders_are_not_read_for_are_named(here, name, content, reason):
    lay_out(here, f"a/{name}", content=content)
    lay_out(here, "a/1.png")
    lay_out_text(here, "a/clip.mp4")
    for arguments in (["a"], ["a/*"]):
        files = AskedFiles(arguments)
        problems = {file.path: file.problem for file in files}
        assert problems.pop("a/1.png") == ""
        ((path, problem),) = problems.items()
        assert path == f"a/{name}"
        assert problem.startswith(reason)
        assert files.others == 1


def test_images_without_suffix_are_read_and_raw_ones_are_not_whoever_names_them(here):
    lay_out(here, "a/bare", "shot.dng", content=PIXEL)
    assert paths("a") == paths("a/*") == ["a/bare"]
    (raw,) = asked("shot.dng")
    assert "raw image" in raw.problem
    assert asked("gone.dng") == [AskedFile("gone.dng")]


@pytest.mark.skipif(os.name == "nt", reason="has no such pipes")
def test_pipes_and_links_that_lead_nowhere_do_not_stop_the_others(here):
    lay_out(here, "a/1.png")
    os.mkfifo(here / "a/2.png")
    (here / "a/3.png").symlink_to("nowhere")
    (here / "a/loop").symlink_to(here / "a")
    assert asked("a") == [
        AskedFile("a/1.png"),
        AskedFile("a/2.png", "a pipe or a device, not a file"),
        AskedFile("a/3.png"),
    ]


def test_paths_on_standard_input(here):
    lay_out(here, "a/1.png", "a/2.png", "with space.png")
    assert paths("-", stdin=b"a\nwith space.png\r\n\na/1.png") == [
        "a/1.png",
        "a/2.png",
        "with space.png",
    ]
    assert paths("a/2.png", "-", stdin=b"line\nbreak\0./a\0") == [
        "a/2.png",
        "line\nbreak",
        "a/1.png",
    ]
    assert AskedFiles(["a", "-"], stream(b"a")).total is None


def test_standard_input_that_is_no_list_is_refused():
    with pytest.raises(InputError, match="no list of paths"):
        list(records(stream(b"x" * 200_000)))


def test_paths_are_there_before_the_stream_ends():
    reading, writing = os.pipe()
    with open(reading, "rb") as source, open(writing, "wb", buffering=0) as sink:
        found = records(source)
        sink.write(b"first\nsec")
        assert next(found) == "first"
        sink.write(b"ond\n")
        assert next(found) == "second"


NAMES = st.lists(st.sampled_from(["a", "a/1.png", "a/b", "./a/b/2.png", "c", "c/3.png", "d.png"]))


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    lay_out(root, "a/1.png", "a/b/2.png", "c/3.png", "d.png")
    return root


@given(first=NAMES, then=NAMES, separator=st.sampled_from([b"\n", b"\r\n", b"\0"]))
def test_each_file_comes_once_where_it_was_first_asked_for(tree, first, then, separator):
    """Arguments and standard input stand for the same files; later ones add only what is new."""
    before = os.getcwd()
    os.chdir(tree)
    try:
        every = paths(*first, *then)
        places = [os.path.realpath(path) for path in every]
        assert len(set(places)) == len(places)
        assert every[: len(paths(*first))] == paths(*first)
        assert set(places) == {
            os.path.realpath(path) for name in first + then for path in paths(name)
        }
        if then:
            listed = separator.join(os.fsencode(name) for name in then) + separator
            assert paths(*first, "-", stdin=listed) == every
    finally:
        os.chdir(before)
