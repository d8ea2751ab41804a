import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from strata.errors import InputError
from strata.image_io import read_image
from strata.pipeline.data import duplicate_checks, manifest
from strata.pipeline.data.audit import audit
from strata.pipeline.data.manifest import BrokenImage, ImageRecord, Manifest, build_manifest
from strata.pipeline.data.source import open_source
from tests.pipeline.data.folders import encoded, lay_out, textured, write_classes


def audited(root, tmp_path, folds=2, **options):
    cache = tmp_path / "cache"
    source = open_source(root, cache=cache, **options)
    return audit(build_manifest(source, cache / "manifest"), folds=folds)


def codes(found):
    return {finding.code: finding for finding in found.findings}


@pytest.fixture
def root(tmp_path):
    return write_classes(tmp_path / "d", {"a": 6, "b": 6})


def copy(root, old, new, **options):
    """A re-encoded copy, or with options none of the bytes changed."""
    data = (root / old).read_bytes()
    if options:
        data = encoded(read_image(root / old), **options)
    lay_out(root, new, content=data)


def test_a_clean_folder(root, tmp_path):
    found = audited(root, tmp_path)
    assert found.findings == []
    assert not found.has_errors
    assert found.counts == {"a": {"unsplit": 6}, "b": {"unsplit": 6}}
    assert found.sizes == {(48, 48): 12}
    assert json.loads(json.dumps(found.to_json())) == {
        "has_errors": False,
        "findings": [],
        "counts": {"a": {"unsplit": 6}, "b": {"unsplit": 6}},
        "sizes": [{"width": 48, "height": 48, "images": 12}],
    }


def test_all_unreadable_images_are_named_by_kind(root, tmp_path):
    whole = (root / "a/000.png").read_bytes()
    lay_out(root, "a/half.png", content=whole[: len(whole) // 2])
    lay_out(root, "b/half.jpg", content=whole[: len(whole) // 3])
    lay_out(root, "b/empty.jpg", content=b"")
    found = audited(root, tmp_path)
    assert found.has_errors
    named = {f.title: f.images for f in found.findings if f.code == "unreadable"}
    assert named == {
        "2 images cannot be read: cut off": ["a/half.png", "b/half.jpg"],
        "1 image cannot be read: the file is empty": ["b/empty.jpg"],
    }


def test_nothing_that_cannot_be_read_ends_the_audit(root, tmp_path, monkeypatch):
    (root / "a/itself.png").symlink_to("itself.png")
    (root / "a/nowhere.png").symlink_to("none.png")
    os.mkfifo(root / "a/pipe.png")
    (root / "b/folder.png").mkdir()
    lay_out(root, "b/locked/1.png", "b/huge.png")
    scandir, read_bytes = os.scandir, manifest.read_content

    def refused(path):
        if str(path).endswith("locked"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return scandir(path)

    def too_large(path):
        if path.name == "huge.png":
            raise MemoryError
        return read_bytes(path)

    monkeypatch.setattr(os, "scandir", refused)
    monkeypatch.setattr(manifest, "read_content", too_large)
    found = audited(root, tmp_path)
    unreadable = {f.title.split(": ")[1]: f.images for f in found.findings}
    assert unreadable == {
        "a folder that cannot be listed": ["b/locked"],
        "a pipe or a device, not a file": ["a/pipe.png"],
        "cannot be opened": ["a/itself.png"],
        "no such file": ["a/nowhere.png"],
        "too large for the memory": ["b/huge.png"],
    }
    assert found.counts == {"a": {"unsplit": 6}, "b": {"unsplit": 6}}


def test_copies_are_reported_but_do_not_spoil(root, tmp_path):
    copy(root, "a/000.png", "a/copy.png")
    copy(root, "a/001.png", "a/lossless.bmp", fmt="BMP")
    copy(root, "b/000.png", "b/near.jpg", fmt="JPEG", quality=85)
    found = audited(root, tmp_path)
    assert not found.has_errors
    assert codes(found)["copies"].images == [
        ["a/000.png", "a/copy.png"], ["a/001.png", "a/lossless.bmp"],
    ]  # fmt: skip
    assert codes(found)["near-copies"].images == [["b/000.png", "b/near.jpg"]]
    assert "4 images in all" in codes(found)["copies"].title


def test_near_duplicates_may_count_as_different_pictures(root, tmp_path):
    copy(root, "b/000.png", "b/near.jpg", fmt="JPEG", quality=85)
    images = build_manifest(open_source(root, cache=tmp_path), tmp_path / "rows")
    told = codes(audit(images, folds=5))["near-copies"]
    assert "near_duplicates = false under [data]" in told.remedy
    told = codes(audit(images, folds=5, near_duplicates=False))["near-copies"]
    assert "count as different pictures (near_duplicates = false)" in told.why
    assert "near_duplicates" not in told.remedy
    assert "small-class" not in codes(audit(images, folds=6, test=0))
    assert "small-class" in codes(audit(images, folds=7, test=0))
    assert "'b'" not in codes(audit(images, folds=6, near_duplicates=False))["small-class"].title


def test_contradicting_labels(root, tmp_path):
    copy(root, "a/000.png", "b/copy.png")
    copy(root, "b/000.png", "a/near.jpg", fmt="JPEG", quality=85)
    found = audited(root, tmp_path)
    assert codes(found)["contradiction"].severity == "error"
    assert codes(found)["contradiction"].images == [["a/000.png", "b/copy.png"]]
    assert codes(found)["near-contradiction"].severity == "warning"
    assert codes(found)["near-contradiction"].images == [["a/near.jpg", "b/000.png"]]
    assert found.has_errors


def test_near_duplicates_alone_may_contradict_without_spoiling(root, tmp_path):
    copy(root, "b/000.png", "a/near.jpg", fmt="JPEG", quality=85)
    assert not audited(root, tmp_path).has_errors


@pytest.mark.parametrize(("options", "code"), [({}, "leak"), ({"fmt": "JPEG"}, "near-leak")])
def test_copies_across_the_split(tmp_path, options, code):
    root = write_classes(tmp_path / "d", {"train/a": 5, "train/b": 5})
    write_classes(root / "test", {"a": 1, "b": 1}, size=64)
    for name in ("a", "b"):
        lay_out(root, f"test/{name}/000.png", content=encoded(textured(50 + ord(name), 48)))
    assert not audited(root, tmp_path).has_errors
    copy(root, "train/a/003.png", "test/a/again.jpg", **options)
    found = audited(root, tmp_path)
    assert found.has_errors
    assert codes(found)[code].images == [["test/a/again.jpg", "train/a/003.png"]]
    assert code.replace("leak", "copies") not in codes(found)  # the pair counts once
    assert found.counts == {"a": {"test": 2, "train": 5}, "b": {"test": 1, "train": 5}}


def test_classes_too_small_for_the_folds(root, tmp_path):
    copy(root, "a/000.png", "a/copy.png")
    assert "small-class" not in codes(audited(root, tmp_path, folds=5))
    found = audited(root, tmp_path, folds=6)  # 6 different images, one of them for the test
    assert found.has_errors
    assert "a test set: 'a' (6), 'b' (6)" in codes(found)["small-class"].title
    assert "at most 5 folds" in codes(found)["small-class"].remedy


def test_a_class_that_no_fold_can_be_cut_from(tmp_path):
    root = write_classes(tmp_path / "d", {"a": 12, "b": 1})
    found = codes(audited(root, tmp_path, folds=4))["small-class"]
    assert "'b' (1)" in found.title
    assert "copies of each other: add images or leave the class out." in found.remedy


@pytest.mark.parametrize("others", [{"a": 3, "b": 3}, {"a": 3}])
def test_an_empty_class_folder_is_a_finding_like_others(tmp_path, others):
    root = write_classes(tmp_path / "d", others)
    (root / "c").mkdir()
    copy(root, "a/000.png", "a/copy.png")
    source = open_source(root, cache=tmp_path, allow_empty=True)
    found = audit(build_manifest(source, tmp_path / "rows"))
    assert found.has_errors
    assert codes(found)["empty-class"].images == ["c"]
    assert "copies" in codes(found)
    with pytest.raises(InputError, match="without images"):
        open_source(root, cache=tmp_path)


def test_test_images_do_not_help_small_classes(tmp_path):
    root = write_classes(tmp_path / "d", {"train/a": 4, "train/b": 4, "test/a": 6, "test/b": 6})
    assert "small-class" not in codes(audited(root, tmp_path, folds=4))
    few = codes(audited(root, tmp_path, folds=5))["small-class"]
    assert few.title.endswith("for 5 folds: 'a' (4), 'b' (4)")


def test_missing_rows_of_the_split_file(root, tmp_path):
    split = tmp_path / "split.csv"
    rows = [f"{name},{n:03d}.png,train" for name in "ab" for n in range(8)]
    split.write_text("class,file,split\n" + "\n".join(rows))
    found = audited(root, tmp_path, split_csv=split, allow_missing=True)
    assert codes(found)["missing"].images == ["a/006.png", "a/007.png", "b/006.png", "b/007.png"]
    assert not found.has_errors


def test_imbalance(tmp_path):
    root = write_classes(tmp_path / "d", {"a": 6, "b": 18})
    assert codes(audited(root, tmp_path))["imbalance"].title == "b has 18 images, a only 6"
    (root / "b/000.png").unlink()
    assert "imbalance" not in codes(audited(root, tmp_path))


def test_odd_sizes(root, tmp_path):
    lay_out(root, "a/tiny.png", content=encoded(textured(100, 31)))
    lay_out(root, "b/wide.png", content=encoded(np.ascontiguousarray(textured(101, 200)[:40])))
    lay_out(root, "b/large.png", content=encoded(textured(102, 96)))
    found = codes(audited(root, tmp_path))
    assert found["tiny"].images == ["a/tiny.png"]
    assert found["odd-size"].images == ["b/large.png", "b/wide.png"]
    assert found["odd-size"].severity == "warning"
    assert found["sizes"].title == "4 sizes: 31 to 200 pixels wide, 31 to 96 high"


def test_odd_sizes_of_many_images_are_no_strays(root, tmp_path):
    for number in range(4):
        lay_out(root, f"b/large{number}.png", content=encoded(textured(100 + number, 96)))
    assert codes(audited(root, tmp_path))["odd-size"].severity == "note"


def test_a_check_that_fails_says_so_and_the_others_run(root, tmp_path, monkeypatch):
    copy(root, "a/000.png", "b/copy.png")
    groups = duplicate_checks.find_duplicates

    def broken(records, *, near):
        if near:
            raise RuntimeError("no such library")
        return groups(records, near=near)

    monkeypatch.setattr(duplicate_checks, "find_duplicates", broken)
    found = audited(root, tmp_path)
    assert codes(found)["contradiction"].images
    failed = [f for f in found.findings if f.code == "not-checked"]
    assert {f.title for f in failed} >= {"The check for near-duplicates could not run"}
    assert all("RuntimeError: no such library" in f.why for f in failed)


def test_the_gravest_comes_first(root, tmp_path):
    copy(root, "a/000.png", "b/copy.png")
    lay_out(root, "a/tiny.png", content=encoded(textured(100, 20)))
    ranks = [f.severity for f in audited(root, tmp_path).findings]
    assert ranks == sorted(ranks, key=["error", "warning", "note"].index)
    assert set(ranks) == {"error", "warning", "note"}


def test_nothing_readable_is_an_audit_too():
    found = audit(Manifest(Path(), (), (BrokenImage("a/1.png", Path(), "cut off (x)"),)))
    assert [f.code for f in found.findings] == ["unreadable"]
    json.dumps(found.to_json())


def test_every_finding_says_why_and_what_to_do(root, tmp_path):
    copy(root, "a/000.png", "b/copy.png")
    lay_out(root, "a/half.png", content=b"\x89PNG")
    for finding in audited(root, tmp_path, folds=9).findings:
        assert finding.title
        assert finding.why.endswith(".")
        assert finding.remedy.endswith(".")


def test_records_without_thumbnails_can_be_audited():
    records = tuple(ImageRecord(f"{c}/{n}", Path(), c, None, 9, 9, 1, 1, f"{c}{n}", 0)
                    for c in "ab" for n in range(9))  # fmt: skip
    assert {f.code for f in audit(Manifest(Path(), records), folds=2).findings} == {"tiny"}
