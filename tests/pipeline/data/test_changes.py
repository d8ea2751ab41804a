from pathlib import Path

from strata.pipeline.data.changes import image_changes, snapshot_of
from strata.pipeline.data.manifest import ImageRecord, Manifest


def images(*rows):
    """A manifest of images given as (id, digest, label, split)."""
    return Manifest(
        Path(), tuple(ImageRecord(i, Path(), c, s, 9, 9, 1, 1, d, 0) for i, d, c, s in rows)
    )


BEFORE = images(
    ("a", "1", "x", None), ("b", "2", "x", None), ("c", "3", "y", None), ("d", "4", "y", "train")
)


def changes(before, now):
    return list(image_changes(now, snapshot_of(before)))


def test_the_same_images_have_not_changed():
    assert changes(BEFORE, BEFORE) == []


def test_each_kind_of_change_is_one_sentence():
    now = images(
        ("b", "5", "x", None), ("c", "3", "x", None), ("d", "4", "y", "test"), ("e", "6", "y", None)
    )
    assert changes(BEFORE, now) == [
        "The image e was added.",
        "The image a was removed.",
        "The image b was changed.",
        "The image c was given another label.",
        "The image d was moved to another split.",
    ]


def test_at_most_five_images_are_named():
    now = images(*((f"n{k}", "0", "x", None) for k in range(7)))
    added, _ = changes(BEFORE, now)
    assert added == "7 images were added: n0, n1, n2, n3, n4 and 2 more."


def test_a_renamed_class_is_one_sentence():
    before = images(
        *((f"coast/{k}", f"{k}", "coast", None) for k in range(7)), ("b/1", "9", "b", "")
    )
    now = images(*((f"sea/{k}", f"{k}", "sea", None) for k in range(7)), ("b/1", "9", "b", ""))
    assert changes(before, now) == ["The class coast was renamed to sea (7 images)."]


def test_a_class_renamed_in_the_split_file_is_one_sentence():
    before = images(("1", "1", "coast", None), ("2", "2", "b", None))
    now = images(("1", "1", "sea", None), ("2", "2", "b", None), ("3", "3", "sea", None))
    assert changes(before, now) == [
        "The class coast was renamed to sea (1 image).",
        "The image 3 was added.",
    ]


def test_a_class_joined_to_another_is_not_renamed():
    before = images(("a/1", "1", "a", None), ("b/1", "2", "b", None))
    now = images(("b/0", "1", "b", None), ("b/1", "2", "b", None))
    assert changes(before, now) == [
        "The image a/1 (now b/0) was moved.",
        "The image b/0 was given another label.",
    ]


def test_images_with_other_names_are_known_by_their_content():
    before = images(("a/1", "1", "a", None), ("a/2", "1", "a", None), ("b/1", "2", "b", None))
    now = images(("a/x", "1", "a", None), ("a/y", "3", "a", None), ("b/1", "2", "b", None))
    assert changes(before, now) == [
        "The image a/y was added.",
        "The image a/2 was removed.",
        "The image a/1 (now a/x) was moved.",
    ]
