"""The audit of the 1881 training images of the eight outdoor scene categories."""

from pathlib import Path

import pytest

from strata.errors import InputError
from strata.pipeline.data.audit import audit
from strata.pipeline.data.manifest import build_manifest
from strata.pipeline.data.source import open_source
from strata.splits import stratified_group_folds
from strata.splits import test_split as draw_test_images

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(
    not (SHARED / "mit8").is_dir(), reason="the scene images are not beside the project"
)

#: The one pair of equal files that lies in two classes.
CONTRADICTION = ["inside_city/urb992.jpg", "tallbuilding/urb992.jpg"]

EXACT = [CONTRADICTION, ["mountain/sclos4.jpg", "mountain/sharp59.jpg"]]

#: Looked at one by one: the same photograph in another scan, with other colors, slightly
#: cropped or mirrored. A dozen more pairs overlap with shifts of 5 to 17 percent of the side; these
#: are left.
NEAR = [
    ["Opencountry/land353.jpg", "Opencountry/land388.jpg"],
    ["coast/cdmc123.jpg", "coast/cdmc976.jpg"],
    ["coast/cdmc948.jpg", "coast/cdmc977.jpg"],
    ["coast/n203004.jpg", "coast/n203030.jpg"],  # mirrored
    ["forest/land869.jpg", "forest/nat210.jpg"],
    ["forest/nat417.jpg", "forest/sclos13.jpg"],
    ["mountain/land280.jpg", "mountain/nat891.jpg"],
    ["mountain/n44001.jpg", "mountain/nat1231.jpg"],
    ["street/bost136.jpg", "street/boston286.jpg"],
    ["tallbuilding/a212017.jpg", "tallbuilding/art1352.jpg"],
    ["tallbuilding/a487092.jpg", "tallbuilding/art1751.jpg"],
]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return build_manifest(open_source(SHARED / "mit8", cache=cache), cache / "manifest")


@pytest.fixture(scope="module")
def findings(manifest):
    found = audit(manifest, folds=8)
    assert found.has_errors
    assert found.sizes == {(256, 256): 1881}
    return {finding.code: finding for finding in found.findings}


def test_every_copy_is_found_and_nothing_else(findings):
    assert findings["copies"].images == EXACT
    assert findings["near-copies"].images == NEAR
    assert set(findings) == {"contradiction", "copies", "near-copies"}


def test_the_pair_with_two_labels_is_found(findings):
    assert findings["contradiction"].images == [CONTRADICTION]
    assert findings["contradiction"].severity == "error"


def test_all_images_can_be_read(manifest):
    assert len(manifest.records) == 1881
    assert manifest.broken == ()
    assert len(manifest.classes) == 8
    assert len({record.digest for record in manifest.records}) == 1879


def test_folds_keep_copies_together(manifest):
    from strata.pipeline.data.duplicates import duplicate_groups

    groups = duplicate_groups(manifest.records)
    labels = [record.label for record in manifest.records]
    folds = stratified_group_folds(labels, groups, folds=8, seed=0)
    test = draw_test_images(labels, groups, [r.digest for r in manifest.records], seed=0)
    number = {record.id: index for index, record in enumerate(manifest.records)}
    for first, second in [*EXACT, *NEAR]:
        assert folds[number[first]] == folds[number[second]]
        assert test[number[first]] == test[number[second]]
    for label in manifest.classes:
        of_class = [
            fold for fold, name in zip(folds.tolist(), labels, strict=True) if name == label
        ]
        sizes = [of_class.count(fold) for fold in range(8)]
        assert max(sizes) - min(sizes) <= 1


def test_the_published_split_names_the_images_that_are_kept_aside(tmp_path):
    split = SHARED / "mit8_split.csv"
    with pytest.raises(InputError, match=r"807 of the 2,688 images"):
        open_source(SHARED / "mit8", split_csv=split, cache=tmp_path)
    source = open_source(SHARED / "mit8", split_csv=split, cache=tmp_path, allow_missing=True)
    assert len(source.files) == 1881
    assert len(source.missing) == 807
    assert {file.split for file in source.files} == {"train"}


def test_the_archive_as_published_is_one_flat_folder(tmp_path):
    """There the class is a prefix of the name."""
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in sorted((SHARED / "mit8").glob("*/*.jpg"))[::40]:
        (flat / f"{path.parent.name}_{path.name}").symlink_to(path)
    source = open_source(
        flat, split_csv=SHARED / "mit8_split.csv", cache=tmp_path, allow_missing=True
    )
    assert len(source.files) == 48
    assert all(file.id == f"{file.label}_{file.path.resolve().name}" for file in source.files)
