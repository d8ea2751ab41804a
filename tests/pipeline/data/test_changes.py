import json
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


def changes(tmp_path, before, now):
    snapshot = tmp_path / "snapshot.json"
    snapshot.write_text(json.dumps(snapshot_of(before)))
    return list(image_changes(now, snapshot))


def test_the_same_images_have_not_changed(tmp_path):
    assert changes(tmp_path, BEFORE, BEFORE) == []


def test_each_kind_of_change_is_one_sentence(tmp_path):
    now = images(
        ("b", "5", "x", None), ("c", "3", "x", None), ("d", "4", "y", "test"), ("e", "6", "y", None)
    )
    assert changes(tmp_path, BEFORE, now) == [
        "The image e was added.",
        "The image a was removed.",
        "The image b was changed.",
        "The image c was given another label.",
        "The image d was moved to another split.",
    ]


def test_at_most_five_images_are_named(tmp_path):
    now = images(*((f"n{k}", "0", "x", None) for k in range(7)))
    added, _ = changes(tmp_path, BEFORE, now)
    assert added == "7 images were added: n0, n1, n2, n3, n4 and 2 more."


def test_a_missing_or_unreadable_snapshot_says_nothing(tmp_path):
    assert list(image_changes(BEFORE, tmp_path / "none")) == []
    (tmp_path / "torn").write_text("{")
    assert list(image_changes(BEFORE, tmp_path / "torn")) == []
