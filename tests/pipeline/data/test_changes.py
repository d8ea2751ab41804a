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
