import pytest

from strata.errors import InputError
from strata.pipeline.data.layout import walk
from strata.pipeline.data.layout.csv_matching import match_rows
from strata.pipeline.data.layout.split_csv import SplitRow, SplitTable
from tests.pipeline.data.folders import lay_out


def match(root, *rows):
    """Rows given as (file, class) or (file, class, split)."""
    found = [SplitRow(i, r[1], r[0], r[2] if r[2:] else None) for i, r in enumerate(rows, 2)]
    return match_rows(root, walk(root), SplitTable(found, {}), name="labels.csv")


def told(matched):
    return [(file.id, file.label, file.split) for file in matched.files]


@pytest.mark.parametrize(
    ("place", "file"),
    [
        ("train/{}.png", "{}.png"), ("train/{}.png", "{}"), ("images/{}.png", "{}.png"),
        ("data/images/{}.png", "images/{}.png"), ("{}.png", "./{}.png"),
        ("{}.png", "photos/{}.png"), ("train/{}.png", "/kaggle/input/x/train/{}.png"),
        ("train/{}.v2.png", "{}.v2"), ("{}", "{}"), ("images/{}.JPG", "{}"),
    ],
)  # fmt: skip
def test_images_are_found_by_name_below_folders_that_are_no_classes(tmp_path, place, file):
    root = lay_out(tmp_path, place.format("id1"), place.format("id2"))
    matched = match(root, (file.format("id1"), "a"), (file.format("id2"), "b"))
    assert told(matched) == [
        (place.format("id1"), "a", None), (place.format("id2"), "b", None),
    ]  # fmt: skip
    assert matched.missing == []


def test_an_image_of_another_class_folder_is_not_taken(tmp_path):
    root = lay_out(tmp_path, "a/1.png", "b/2.png", "x/b/3.png")
    matched = match(root, ("1.png", "a"), ("1.png", "b"), ("3.png", "a"), ("x/1.png", "a"))
    assert told(matched) == [("a/1.png", "a", None)]
    assert matched.missing == ["b/1.png", "a/3.png", "a/x/1.png"]


def test_one_name_in_training_and_test_folder(tmp_path):
    root = lay_out(tmp_path, "train/1.png", "test/1.png", "train/2.png")
    assert told(match(root, ("1.png", "a"), ("2.png", "b"))) == [
        ("train/1.png", "a", None), ("train/2.png", "b", None),
    ]  # fmt: skip
    matched = match(root, ("1.png", "a", "test"), ("2.png", "b", "train"))
    assert told(matched) == [("test/1.png", "a", "test"), ("train/2.png", "b", "train")]


def test_a_name_of_several_images_is_refused(tmp_path):
    root = lay_out(tmp_path, "x/1.png", "y/1.png", "x/2.png")
    with pytest.raises(InputError, match=r"line 2: 1.png \(x/1.png or y/1.png\)"):
        match(root, ("1.png", "a"), ("2.png", "b"))


def test_one_class_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"Only one class in the split file labels.csv: 'a'"):
        match(lay_out(tmp_path, "1.png", "2.png"), ("1.png", "a"), ("2.png", "a"))


def test_the_folders_give_the_split_where_the_file_has_none(tmp_path):
    root = lay_out(tmp_path, "train/1.png", "train/2.png", "test/3.png", "test/4.png")
    rows = [(f"{i}.png", "ab"[i % 2]) for i in range(1, 5)]
    matched = match(root, *rows)
    assert [split for _, _, split in told(matched)] == ["test", "test", "train", "train"]
    assert "train/ and test/ count" in matched.notes[0]
    assert {split for _, _, split in told(match(root, *rows[:2]))} == {None}
