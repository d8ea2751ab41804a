import os
import shutil
import sys
import unicodedata
from pathlib import Path

import pytest

from strata.errors import InputError
from strata.pipeline.data.source import open_source
from tests.pipeline.data.folders import lay_out

CSV = "class,file,split\n"


def opened(spec, tmp_path, **options):
    return open_source(spec, cache=tmp_path / "cache", **options)


def told(source):
    return [(f.id, f.label, f.split) for f in source.files]


def test_class_folders(tmp_path):
    root = lay_out(tmp_path / "d", "b/2.JPG", "b/deep/er/1.png", "a/x.tiff", "a/y.webp")
    source = opened(root, tmp_path)
    assert told(source) == [
        ("a/x.tiff", "a", None), ("a/y.webp", "a", None),
        ("b/2.JPG", "b", None), ("b/deep/er/1.png", "b", None),
    ]  # fmt: skip
    assert source.root == root
    assert all(f.path == root / f.id and f.path.is_file() for f in source.files)
    assert source.missing == source.notes == []
    assert opened(str(root) + "/", tmp_path) == source


def test_a_relative_path(tmp_path, monkeypatch):
    lay_out(tmp_path / "d", "a/1.png", "b/1.png")
    monkeypatch.chdir(tmp_path)
    assert opened("d", tmp_path).root == tmp_path / "d"
    monkeypatch.chdir(tmp_path / "d")
    assert opened(".", tmp_path).root == tmp_path / "d"


def test_train_and_test_folders(tmp_path):
    root = lay_out(tmp_path / "d", "train/a/1.png", "train/b/1.png", "test/a/1.png")
    assert told(opened(root, tmp_path)) == [
        ("test/a/1.png", "a", "test"), ("train/a/1.png", "a", "train"),
        ("train/b/1.png", "b", "train"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Val"])
def test_validation_images_join_the_training_images(tmp_path, name):
    root = lay_out(
        tmp_path / "d", "train/a/1.png", "train/b/1.png", f"{name}/a/2.png", "test/b/2.png"
    )
    source = opened(root, tmp_path)
    assert (f"{name}/a/2.png", "a", "train") in told(source)
    assert any(name in note and "training" in note for note in source.notes)


def test_without_a_test_folder_nothing_is_split(tmp_path):
    root = lay_out(tmp_path / "d", "train/a/1.png", "train/b/1.png", "val/b/2.png")
    source = opened(root, tmp_path)
    assert {split for _, _, split in told(source)} == {None}
    assert {label for _, label, _ in told(source)} == {"a", "b"}
    assert len(source.notes) == 2


def test_a_class_may_be_called_train(tmp_path):
    root = lay_out(tmp_path / "d", "train/1.png", "train/inner/2.png", "bus/1.png", "test/1.png")
    assert {label for _, label, _ in told(opened(root, tmp_path))} == {"train", "bus", "test"}
    root = lay_out(tmp_path / "e", "train/side/1.png", "train/front/1.png", "bus/1.png")
    assert {label for _, label, _ in told(opened(root, tmp_path))} == {"train", "bus"}


def test_labels_go_by_name_not_by_position(tmp_path):
    """Missing classes of the test folder shift nothing."""
    root = lay_out(
        tmp_path / "d", "train/a/1.png", "train/b/1.png", "train/c/1.png", "test/c/2.png"
    )
    assert ("test/c/2.png", "c", "test") in told(opened(root, tmp_path))


def test_litter_is_ignored_and_other_files_are_noted(tmp_path):
    root = lay_out(
        tmp_path / "d", "a/1.png", "b/1.png", "a/.hidden.png", ".git/x.png", "__MACOSX/a/1.png",
        "a/Thumbs.db", "a/.DS_Store", "b/desktop.ini", "a/.ipynb_checkpoints/1.png",
    )  # fmt: skip
    source = opened(root, tmp_path)
    assert [f.id for f in source.files] == ["a/1.png", "b/1.png"]
    assert source.notes == ["folders of the operating system left out: __MACOSX"]
    lay_out(root, "a/readme.txt", "b/x.txt", "b/LICENSE", "stray.png", content=b"text")
    assert opened(root, tmp_path).notes[1:] == [
        "3 files not read as images: 2 .txt, 1 no suffix",
        "1 image outside of the class folders left out: stray.png",
    ]


def test_names_of_all_kinds(tmp_path):
    decomposed = unicodedata.normalize("NFD", "Bäume")
    root = lay_out(
        tmp_path / "d", f"train/{decomposed}/1.png", "test/Bäume/1.png",
        "train/with, comma/a\nb.png", "test/with, comma/日本.png",
    )  # fmt: skip
    source = opened(root, tmp_path)
    assert {f.label for f in source.files} == {"Bäume", "with, comma"}
    assert {f.id for f in source.files} >= {
        "train/with, comma/a\nb.png",
        "test/with, comma/日本.png",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_names_that_are_no_utf8(tmp_path):
    root = lay_out(tmp_path / "d", "a/1.png", "b/1.png")
    raw = os.path.join(os.fsencode(root), b"a", b"caf\xe9.png")
    with open(raw, "wb") as file:
        file.write(b"x")
    odd = next(f for f in opened(root, tmp_path).files if "caf" in f.id)
    assert odd.id == r"a/caf\xe9.png"
    odd.id.encode()
    assert odd.path.read_bytes() == b"x"


def test_links(tmp_path):
    root = lay_out(tmp_path / "d", "a/1.png", "b/1.png")
    elsewhere = lay_out(tmp_path / "e", "2.png", "deep/3.png")
    (root / "a/link.png").symlink_to(elsewhere / "2.png")
    (root / "a/broken.png").symlink_to("nowhere.png")
    (root / "b/folder").symlink_to(elsewhere)
    (root / "b/circle").symlink_to(root)
    (elsewhere / "deep/up").symlink_to(elsewhere)
    ids = [f.id for f in opened(root, tmp_path).files]
    assert ids == ["a/1.png", "a/broken.png", "a/link.png", "b/1.png", "b/folder/2.png",
                   "b/folder/deep/3.png"]  # fmt: skip


@pytest.mark.parametrize("above", ["", "train/"])
def test_folders_inside_of_a_class_folder_belong_to_the_class(tmp_path, above):
    paths = ["a/1.png", "a/2019/may/2.png", "a/test/3.png", "b/2019/1.png", "b/a/4.png"]
    root = lay_out(tmp_path / "d", *(above + path for path in paths))
    labels = {f.id.removeprefix(above): f.label for f in opened(root, tmp_path).files}
    assert labels == {path: path[0] for path in paths}


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([], "No images in"),
        (["a/readme.txt"], "No images in"),
        (["1.png", "2.png"], "2 images in .* no class folders"),
        (["a/1.png"], "Only one class in .*'a'"),
        (["data/a/1.png", "data/b/1.png"], r"(?s)Only one class.*give .*data instead"),
        (["test/a/1.png", "test/b/1.png"], r"(?s)No training images in .*: only test.*train/"),
        (["a/1.png", "b/1.png", "docs/x.txt", "c/.keep"], "without images in .*: c, docs"),
        (["train/a/1.png", "train/b/1.png", "test/a/1.png", "test/b/x.txt"], "test/b"),
        (["train/a/1.png", "train/b/1.png", "test/c/1.png"], "without training images .*: c"),
        (["train/a/1.png", "test/a/1.png"], "Only one class"),
    ],
)
def test_errors_say_what_is_wrong_and_what_to_do(tmp_path, paths, message):
    (tmp_path / "d").mkdir()
    with pytest.raises(InputError, match=message) as caught:
        opened(lay_out(tmp_path / "d", *paths), tmp_path)
    assert caught.value.hint


def test_a_wrong_path_is_answered_with_the_nearest(tmp_path):
    lay_out(tmp_path / "images", "a/1.png", "b/1.png")
    with pytest.raises(InputError, match="Did you mean 'images'"):
        opened(tmp_path / "imges", tmp_path)
    with pytest.raises(InputError, match=r"no .*/imges\."):
        opened(tmp_path / "imges" / "deeper" / "still", tmp_path)
    (tmp_path / "notes.txt").write_text("not an archive")
    with pytest.raises(InputError, match="neither a folder nor a zip or tar"):
        opened(tmp_path / "notes.txt", tmp_path)


# -- a split file ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    ["{c}/{f}", "{c}/{c}_{f}", "{c}_{f}", "train/{c}/{f}", "test/{c}/{c}_{f}"],
)
def test_a_split_file_finds_the_images_wherever_they_lie(tmp_path, place):
    rows = [("coast", "art1.jpg", "train"), ("forest", "art1.jpg", "test")]
    paths = [place.format(c=label, f=file) for label, file, _ in rows]
    root = lay_out(tmp_path / "d", *paths)
    split = tmp_path / "split.csv"
    split.write_text(CSV + "".join(",".join(row) + "\n" for row in rows))
    source = opened(root, tmp_path, split_csv=split)
    assert told(source) == [
        (path, label, part) for path, (label, _, part) in zip(paths, rows, strict=True)
    ]
    assert source.notes == source.missing == []


def test_file_names_that_carry_the_class_themselves(tmp_path):
    root = lay_out(tmp_path / "d", "coast/art1.jpg", "x/forest_1.jpg", "street_2.jpg")
    split = tmp_path / "split.csv"
    split.write_text(
        CSV + "coast,coast_art1.jpg,train\nforest,x/forest_1.jpg,test\nstreet,street_2.jpg,train\n"
    )
    assert [label for _, label, _ in told(opened(root, tmp_path, split_csv=split))] == [
        "coast", "street", "forest",
    ]  # fmt: skip


def test_spelling_of_a_split_file(tmp_path):
    root = lay_out(tmp_path / "d", 'a/x, "y".png', "b/é.png", "a/sub/2.png", "b/9.png")
    decomposed = unicodedata.normalize("NFD", "é.png")
    text = (
        "\ufeffSplit, File ,CLASS\r\n"
        'TRAIN,"x, ""y"".png",a\r\n'
        f"test,{decomposed},b\r\n"
        "\r\n"
        "validation,sub\\2.png,a\r\n"
        "train,9.png,b\r\n"
        "train,9.png,b\r\n"
    )
    (root / "split.csv").write_text(text, newline="")
    source = opened(root, tmp_path, split_csv="split.csv")  # found beside the images
    assert told(source) == [
        ("a/sub/2.png", "a", "train"), ('a/x, "y".png', "a", "train"),
        ("b/9.png", "b", "train"), ("b/é.png", "b", "test"),
    ]  # fmt: skip


def test_images_that_a_split_file_does_not_name_are_left_out(tmp_path):
    root = lay_out(tmp_path / "d", "a/1.png", "a/2.png", "b/1.png", "c/1.png")
    split = tmp_path / "split.csv"
    split.write_text(CSV + "a,1.png,train\nb,1.png,test\n")
    source = opened(root, tmp_path, split_csv=split)
    assert [f.id for f in source.files] == ["a/1.png", "b/1.png"]
    assert source.notes == ["2 images not in the split file left out"]


def test_rows_without_an_image(tmp_path):
    root = lay_out(tmp_path / "d", "a/1.png", "b/1.png")
    split = tmp_path / "split.csv"
    gone = [f"gone{i}.png" for i in range(30)]
    split.write_text(
        CSV + "a,1.png,train\nb,1.png,train\n" + "".join(f"a,{g},test\n" for g in gone)
    )
    with pytest.raises(InputError, match=r"30 of the 32 .*a/gone0.png.*\.\.\.") as caught:
        opened(root, tmp_path, split_csv=split)
    assert "gone9" not in str(caught.value)
    source = opened(root, tmp_path, split_csv=split, allow_missing=True)
    assert source.missing == [f"a/{g}" for g in gone]
    assert len(source.files) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column 'class'"),
        ("class,files,split\na,1.png,train\n", "(?s)no column 'file'.*Did you mean 'files'"),
        (CSV + "a,1.png,train\na,2.png,holdout\n", "line 3: split is 'holdout'"),
        (CSV + "a,1.png\n", "line 2: 2 fields instead of 3"),
        (CSV + ",1.png,train\n", "line 2: class or file is empty"),
        (CSV + "a,1.png,train\na,1.png,test\n", r"contradict .*a/1.png \(lines 2 and 3\)"),
        (CSV + "z,7.png,train\n", "(?s)None of the 1 images.*z/7.png or z/z_7.png"),
        (CSV, "names no images"),
    ],
)
def test_errors_in_a_split_file(tmp_path, text, message):
    root = lay_out(tmp_path / "d", "a/1.png", "a/2.png", "b/1.png")
    split = tmp_path / "split.csv"
    split.write_text(text)
    with pytest.raises(InputError, match=message):
        opened(root, tmp_path, split_csv=split)


def test_split_files_that_cannot_be_read(tmp_path):
    root = lay_out(tmp_path / "d", "a/1.png", "b/1.png")
    split = tmp_path / "split.csv"
    with pytest.raises(InputError, match=r"no .*split\.csv"):
        opened(root, tmp_path, split_csv=split)
    split.write_bytes(b"class,file,split\na,\xff\xfe.png,train\n")
    with pytest.raises(InputError, match="not CSV in UTF-8"):
        opened(root, tmp_path, split_csv=split)
    split.write_bytes(b"class,file,split\na," + b"x" * 200_000 + b",train\n")
    with pytest.raises(InputError, match="not CSV"):
        opened(root, tmp_path, split_csv=split)


def test_the_modules_import_nothing_heavy():
    """A run with nothing to do must not pay for decoders, SciPy or the web."""
    import subprocess

    script = (
        "import sys, strata.pipeline.data.manifest, strata.pipeline.data.audit, "
        "strata.splits, strata.pipeline.data.duplicates\n"
        "heavy = {'PIL', 'cv2', 'urllib.request', 'tarfile', 'joblib', 'scipy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    root = lay_out(tmp_path / "d", "a/1.png", "b/1.png")
    os.mkfifo(root / "a" / "pipe.png")
    os.symlink("pipe.png", root / "a" / "link.png")
    source = opened(root, tmp_path)
    assert [file.id for file in source.files] == ["a/1.png", "b/1.png"]
    reason = "a pipe or a device, not a file"
    assert source.unreadable == {"a/link.png": reason, "a/pipe.png": reason}


def test_a_cut_archive_is_called_that(tmp_path):
    lay_out(tmp_path / "d", "a/1.png", "b/1.png")
    whole = Path(shutil.make_archive(str(tmp_path / "whole"), "zip", tmp_path / "d"))
    (tmp_path / "cut.zip").write_bytes(whole.read_bytes()[:-30])
    with pytest.raises(InputError, match="cut off or damaged"):
        opened(tmp_path / "cut.zip", tmp_path)
