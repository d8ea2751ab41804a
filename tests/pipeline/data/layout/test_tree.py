import os
import sys

import pytest

from strata.errors import InputError
from strata.pipeline.data.layout import tree as tree_module
from strata.pipeline.data.layout import walk
from tests.pipeline.data.folders import PIXEL, encoded, lay_out, textured


@pytest.mark.parametrize(
    "name",
    ["@eaDir", "__MACOSX", "lost+found", "$RECYCLE.BIN", "#recycle", "Thumbs", "LOST.DIR",
     "System Volume Information", "@__thumb"],
)  # fmt: skip
def test_folders_of_systems_are_not_entered_but_named(tmp_path, name):
    tree = walk(lay_out(tmp_path, "a/1.png", f"{name}/1.png", f"a/{name}/deep/2.png"))
    assert tree.images == ["a/1.png"]
    assert tree.folders == ["a"]
    assert sorted(tree.system) == sorted([name, f"a/{name}"])


def test_hidden_files_and_folders_are_left_out_silently(tmp_path):
    tree = walk(lay_out(tmp_path, "a/1.png", ".ipynb_checkpoints/1.png", "a/.x.png", "a/Thumbs.db"))
    assert (tree.images, tree.others, tree.system) == (["a/1.png"], [], [])


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP"])
def test_images_without_a_suffix_are_recognized_by_their_content(tmp_path, format):
    lay_out(tmp_path, "a/img1", content=encoded(textured(1), format))
    lay_out(tmp_path, "a/README", "a/BMW", content=b"BM is how this text begins")
    lay_out(tmp_path, "a/1.txt")
    tree = walk(tmp_path)
    assert tree.images == ["a/img1"]
    assert tree.others == ["a/1.txt", "a/BMW", "a/README"]


def test_reports_figures_and_stores_of_this_program_are_left_out(tmp_path):
    lay_out(
        tmp_path, "a/1.png", "strata.toml", "out/one/report.html", "out/one/results.json",
        "out/two/report.html", "out/two/results.json", "figures/roc.svg", "figures/roc.pdf",
        "store/format", "store/artifacts/ab/x.npy", "store/locks/x", "store/data/s/b/1.png",
    )  # fmt: skip
    tree = walk(tmp_path)
    assert (tree.images, tree.others, tree.folders) == (["a/1.png"], [], ["a"])


def test_a_class_called_out_is_a_class(tmp_path):
    tree = walk(lay_out(tmp_path, "out/1.png", "out/x/results.json", "in/1.png", "figures/1.svg"))
    assert tree.folders == ["figures", "in", "out", "out/x"]
    assert tree.images == ["in/1.png", "out/1.png"]


def test_links_that_lead_to_themselves_are_images_to_report(tmp_path):
    lay_out(tmp_path, "a/1.png")
    (tmp_path / "a" / "loop.png").symlink_to("loop.png")
    (tmp_path / "loop").symlink_to("loop")
    tree = walk(tmp_path)
    assert tree.images == ["a/1.png", "a/loop.png"]
    assert tree.others == ["loop"]


def test_folders_nested_too_deeply_are_refused(tmp_path):
    deep = tmp_path.joinpath(*["d"] * 210)
    deep.mkdir(parents=True)
    with pytest.raises(InputError, match="more than 200 deep"):
        walk(tmp_path)


def test_folders_linked_in_too_many_ways_are_refused(tmp_path, monkeypatch):
    """20 levels of two links each are a million ways to one folder."""
    monkeypatch.setattr(tree_module, "MAX_WAYS", 10)
    for level in range(20):
        (tmp_path / f"l{level}").mkdir()
        for name in "ab":
            (tmp_path / f"l{level}" / name).symlink_to(tmp_path / f"l{level + 1}")
    lay_out(tmp_path, "l20/1.png")
    with pytest.raises(InputError, match="in more than 10 ways"):
        walk(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_names_that_are_no_utf8(tmp_path):
    folder = os.path.join(os.fsencode(tmp_path), b"caf\xe9")
    os.mkdir(folder)
    with open(os.path.join(folder, b"\xff"), "wb") as file:
        file.write(PIXEL)
    (found,) = walk(tmp_path).images
    assert os.fsencode(found) == b"caf\xe9/\xff"
