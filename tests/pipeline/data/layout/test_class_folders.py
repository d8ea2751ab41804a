import os
import sys
import unicodedata

import pytest

from strata.errors import InputError
from strata.pipeline.data.layout import read_class_folders, walk
from tests.pipeline.data.folders import lay_out


def read(root, *paths):
    lay_out(root, *paths)
    return read_class_folders(root, walk(root))


def table(found):
    """Number of images by class and split."""
    rows = [(file.label, file.split) for file in found.files]
    return {row: rows.count(row) for row in rows}


SPLIT = {("a", "train"): 1, ("b", "train"): 1, ("a", "test"): 1, ("b", "test"): 1}


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train", "test"), ("Training", "Testing"), ("training_set", "test_set"),
        ("seg_train", "seg_test"), ("seg_train/seg_train", "seg_test/seg_test"),
        ("train", "test/test"), ("train_images", "test"), ("training", "evaluation"),
        ("trainset", "testset"), ("train1", "test1"),
    ],
)  # fmt: skip
def test_folders_of_a_split(tmp_path, train, test):
    found = read(tmp_path, *(f"{top}/{c}/{top[0]}.png" for top in (train, test) for c in "ab"))
    assert table(found) == SPLIT


def test_class_folders_that_hold_the_split(tmp_path):
    found = read(tmp_path, *(f"{c}/{part}/1.png" for c in "ab" for part in ("train", "test")))
    assert table(found) == SPLIT
    assert found.notes == ["the folders in each class folder are taken as training and test images"]


@pytest.mark.parametrize("other", ["dev", "val", "valid", "validation"])
def test_validation_images_join_the_training_images_with_a_note(tmp_path, other):
    found = read(tmp_path, "train/a/1.png", "train/b/1.png", f"{other}/a/2.png")
    assert table(found) == {("a", None): 2, ("b", None): 1}
    assert f"used as training images, as folds are drawn from them: {other}" in found.notes


@pytest.mark.parametrize(
    "paths", [("test/1.png", "test/2.png"), ("test/images/1.png", "test/images/2.png"),
              ("test1/1.png", "test1/2.png"), ("test/unknown/1.png", "test/unknown/2.png")],
)  # fmt: skip
def test_test_images_without_labels_are_left_out_with_a_note(tmp_path, paths):
    found = read(tmp_path, "train/a/1.png", "train/b/1.png", *paths)
    assert table(found) == {("a", None): 1, ("b", None): 1}
    assert found.notes[0].startswith(f"2 images of {paths[0].partition('/')[0]}/ in no class")


def test_validation_images_without_labels_are_no_class(tmp_path):
    found = read(
        tmp_path, "train/n1/images/1.png", "train/n2/images/2.png", "val/images/3.png",
        "test/images/4.png",
    )  # fmt: skip
    assert table(found) == {("n1", None): 1, ("n2", None): 1}
    assert len(found.notes) == 3


def test_stray_images_do_not_make_classes_of_the_split(tmp_path):
    found = read(
        tmp_path, *(f"{t}/{c}/1.png" for t in ("train", "test") for c in "ab"), "train/x.png"
    )
    assert table(found) == SPLIT
    assert found.notes == ["1 image outside of the class folders left out: train/x.png"]


def test_images_beside_the_split_are_left_out_with_a_note(tmp_path):
    paths = [f"{t}/{c}/1.png" for t in ("seg_train", "seg_test") for c in "ab"]
    found = read(tmp_path, *paths, "seg_pred/1.png")
    assert table(found) == SPLIT
    assert "1 image outside of the class folders left out: seg_pred/1.png" in found.notes


def test_two_splits_side_by_side_are_classes(tmp_path):
    """Not guessed which one is meant; the audit warns of the folders they share."""
    found = read(
        tmp_path, *(f"{s}_{t}/{c}/1.png" for s in "xy" for t in ("train", "test") for c in "ab")
    )
    assert {label for label, _ in table(found)} == {"x_train", "x_test", "y_train", "y_test"}


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["train/1.png", "train/2.png"], r"No class folders in train/ \(2 images\)"),
        (["train/1.png", "test/2.png"], r"in test/ \(1 image\), train/ \(1 image\)"),
        (["test/a/1.png", "val/a/1.png"], "No training images in .*: only test, val"),
        (["train/Cat/1.png", "train/dog/2.png", "test/cat/1.png"], "'cat' is 'Cat' there"),
        (["a/1.ppm", "b/2.ppm"], r"No images in .* \(2 files not read as images: 2 .ppm\)"),
    ],
)
def test_what_is_there_instead_is_said(tmp_path, paths, message):
    with pytest.raises(InputError, match=f"(?s){message}"):
        read(tmp_path, *paths)


@pytest.mark.parametrize("place", [".", ".."])
def test_a_csv_file_of_labels_is_named(tmp_path, place):
    root = lay_out(tmp_path / "d", "train/1.png", "train/2.png")
    (root / place / "labels.csv").write_text("id,label\n1,a\n2,b\n")
    (root / place / "other.csv").write_text("id,score\n1,9\n")
    with pytest.raises(InputError, match=r'labels.csv names classes: add split = "(\.\./)?labels'):
        read_class_folders(root, walk(root))


def test_a_csv_file_of_labels_beside_class_folders_is_noted(tmp_path):
    (tmp_path / "labels.csv").write_text("image,class\na/1.png,x\n")
    found = read(tmp_path, "a/1.png", "b/1.png")
    assert any(note.startswith("labels.csv names classes") for note in found.notes)


def test_names_in_two_unicode_forms_are_one_class_with_a_note(tmp_path):
    forms = [unicodedata.normalize(form, "Bäume") for form in ("NFC", "NFD")]
    found = read(tmp_path, *(f"{form}/{i}.png" for i, form in enumerate(forms)), "b/1.png")
    assert table(found) == {("Bäume", None): 2, ("b", None): 1}
    assert found.notes[-1].endswith("are one class: Bäume")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_names_that_are_printed_alike_are_refused(tmp_path):
    lay_out(tmp_path, "a/1.png", "b/1.png", r"a/\xe9.png")
    with open(os.path.join(os.fsencode(tmp_path), b"a/\xe9.png"), "wb") as file:
        file.write(b"x")
    with pytest.raises(InputError, match=r"printed alike: a/\\xe9.png"):
        read(tmp_path)
