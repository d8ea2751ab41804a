from pathlib import Path

import pytest

from strata.pipeline.data.audit import audit
from strata.pipeline.data.layout import SourceFile
from strata.pipeline.data.layout_checks import doubtful_classes
from strata.pipeline.data.manifest import build_manifest
from strata.pipeline.data.source import open_source
from tests.pipeline.data.folders import write_classes


def found(*images):
    """Codes and severities for images given as "path" or ("path", class, split)."""
    files = [
        SourceFile(i, Path(i), i.split("/")[0], None)
        if isinstance(i, str)
        else SourceFile(i[0], Path(i[0]), *i[1:])
        for i in images
    ]
    return [(finding.code, finding.severity) for finding in doubtful_classes(files)]


@pytest.mark.parametrize(
    ("images", "code"),
    [
        (["Cat/1", "cat/1", "dog/1"], "similar-names"),
        (["dog/1", "dog /1", "cat/1"], "similar-names"),
        (["train/1", "test/1", "bus/1"], "split-names"),
        (["set1/a/1", "set1/b/1", "set2/a/1", "set2/b/1"], "same-subfolders"),
        (["2019/a/1", "2020/a/1"], "same-subfolders"),
        (["set1/a/1", "set1/b/1", "set2/c/1", "set2/d/1"], "only-subfolders"),
    ],
)
def test_doubtful_classes_are_warnings(images, code):
    assert found(*images) == [(code, "warning")]


@pytest.mark.parametrize(
    "images",
    [
        [],
        ["cat/1", "cats/1"],
        ["train/1", "bus/1"],
        ["a/1", "b/x/1", "b/y/1"],
        ["a/x/1", "b/y/1"],
        [("train/a/1", "a", "train"), ("test/a/1", "a", "test"), ("train/b/1", "b", "train")],
        [("a/train/1", "a", "train"), ("a/test/1", "a", "test"), ("b/train/1", "b", "train")],
        [("x/1/1", "a", None), ("y/1/1", "b", None)],
    ],
)
def test_usual_classes_are_not_doubtful(images):
    assert found(*images) == []


def test_folders_shared_by_few_images_are_a_note():
    images = [f"{c}/{i}" for c in "ab" for i in range(4)]
    assert found(*images, "a/more/1", "b/more/1") == [("same-subfolders", "note")]


def test_notes_on_what_was_left_out_are_findings_of_the_audit(tmp_path):
    root = write_classes(tmp_path / "d", {"train/a": 6, "train/b": 6, "val/a": 2, "test": 2})
    source = open_source(root, cache=tmp_path)
    told = audit(build_manifest(source, tmp_path / "rows"), folds=2)
    titles = [finding.title for finding in told.findings if finding.code == "layout"]
    assert len(titles) == len(source.notes) == 3
    assert titles[0].startswith("2 images of test/ in no class folder")
    assert titles[1] == "Used as training images, as folds are drawn from them: val"
