import numpy as np
import pytest

from strata.pipeline.data import digest_cache
from strata.pipeline.data.audit import audit
from strata.pipeline.data.manifest import build_manifest
from strata.pipeline.data.source import open_source
from tests.image_io.files import png, tiff
from tests.pipeline.data.folders import encoded, textured, write_classes


@pytest.fixture
def root(tmp_path):
    return write_classes(tmp_path / "d", {"a": 3, "b": 3})


def build(root, tmp_path):
    return build_manifest(open_source(root, cache=tmp_path), tmp_path / "manifest")


def findings(made):
    found = audit(made, folds=2).findings
    return {f.code: f for f in found if f.code in ("nearly-black", "few-levels")}


def twelve_bits(seed, top=4095):
    values = np.rint(textured(seed)[..., 0] / 255 * top).astype(np.uint16)
    values[0, 0] = top
    return values


def test_images_of_8_bits_have_no_range(root, tmp_path):
    made = build(root, tmp_path)
    assert {r.value_range for r in made.records} == {None}
    assert made.value_ranges == {}
    assert not findings(made)


def test_a_data_set_has_one_range(root, tmp_path):
    """Each picture as bright beside the others as it was taken, from the cache too."""
    for number, top in enumerate((4095, 1000, 300)):
        (root / f"a/dark{number}.png").write_bytes(png(twelve_bits(number, top), 16, 0))
    (root / "b/float.tif").write_bytes(tiff(textured(9)[..., 0].astype(np.float32) / 255))
    for _ in range(2):
        made = build(root, tmp_path)
        assert made.value_ranges == {"integer": (0, 4095), "float": (0, 1)}
    brightest = [r.read().max() for r in made.records if "dark" in r.id]
    assert brightest == [255, round(1000 * 255 / 4095), round(300 * 255 / 4095)]
    assert [r.brightest for r in made.records if "dark" in r.id] == brightest
    for record in made.records:
        image = record.read()
        assert len(np.unique(image[..., 0])) / 1.3 < record.levels <= 256


def test_an_image_that_sets_the_range_alone_is_named(root, tmp_path):
    for number in range(3):
        (root / f"a/{number}.png").write_bytes(png(twelve_bits(number), 16, 0))
    hot = twelve_bits(7)
    hot[0, 0] = 65535
    (root / "b/hot.png").write_bytes(png(hot, 16, 0))
    found = findings(build(root, tmp_path))
    assert found["nearly-black"].images == ["a/0.png", "a/1.png", "a/2.png"]
    assert found["nearly-black"].severity == "warning"
    assert "0 to 65535, which b/hot.png has" in found["nearly-black"].why


def test_masks_and_drawings(root, tmp_path):
    mask = textured(1) // 32
    drawing = textured(2) // 128 * 200
    (root / "a/mask.png").write_bytes(encoded(mask))
    (root / "b/drawing.png").write_bytes(encoded(drawing))
    found = findings(build(root, tmp_path))
    assert found["nearly-black"].images == ["a/mask.png"]
    assert found["few-levels"].images == ["b/drawing.png"]
    assert found["few-levels"].severity == "note"


def test_what_could_not_be_read_is_tried_again_where_the_limit_was_raised(
    root, tmp_path, monkeypatch
):
    monkeypatch.setenv("STRATA_IMAGE_LIMIT", "0.00001")
    made = build(root, tmp_path)
    assert len(made.broken) == 6
    assert "STRATA_IMAGE_LIMIT" in made.broken[0].reason
    monkeypatch.delenv("STRATA_IMAGE_LIMIT")
    assert build(root, tmp_path).broken == ()
    rows = digest_cache.load(tmp_path / "manifest")
    assert all(len(row) == 13 for row in rows.values())
