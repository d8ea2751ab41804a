"""Shards and subsets."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.image_io import ImageError
from strata.pipeline.graph.inputs import Subset, cut_into_shards
from strata.pipeline.graph.sharded_arrays import Shards
from tests.image_io.files import encoded, png


def digests(start: int, count: int) -> dict[str, Path]:
    return {
        hashlib.sha256(str(i).encode()).hexdigest(): Path(f"{i}.jpg")
        for i in range(start, start + count)
    }


@given(st.integers(0, 400), st.integers(1, 50))
def test_every_image_is_in_exactly_one_shard(count, capacity):
    images = digests(0, count)
    shards = cut_into_shards(images, capacity)
    assert sorted(d for shard in shards for d in shard.digests) == sorted(images)
    assert all(1 <= len(shard) <= capacity for shard in shards)
    assert all(images[d] == p for s in shards for d, p in zip(s.digests, s.paths, strict=True))


def test_ten_more_images_change_the_shards_they_fall_into():
    before = {s.key for s in cut_into_shards(digests(0, 10_000))}
    after = {s.key for s in cut_into_shards(digests(0, 10_010))}
    assert len(before) > 40
    assert len(after - before) <= 10


def test_order_and_names_of_files_do_not_matter():
    images = digests(0, 1000)
    renamed = {d: Path("elsewhere") / p for d, p in reversed(images.items())}
    assert [s.key for s in cut_into_shards(images)] == [s.key for s in cut_into_shards(renamed)]


def test_identical_digests_beyond_the_capacity_of_a_prefix_are_split_deeper():
    images = {f"{'0' * 60}{i:04x}": Path(f"{i}") for i in range(8)}
    assert [len(s) for s in cut_into_shards(images, 2)] == [2, 2, 2, 2]


def test_ranges_are_part_of_the_key_only_where_there_are_some():
    images = digests(0, 1000)
    plain = {s.key for s in cut_into_shards(images)}
    assert {s.key for s in cut_into_shards(images, ranges={})} == plain
    first = min(images)
    keys = [{s.key for s in cut_into_shards(images, ranges={first: (0.0, v)})} for v in (1.0, 2.0)]
    assert len(keys[0] - plain) == len(keys[1] - plain) == 1
    assert keys[0] - plain != keys[1] - plain


def test_a_shard_reads_its_images_in_their_range_and_only_as_they_were_listed(tmp_path):
    values = np.array([[0, 1000, 4095]], np.uint16)
    contents = [png(values, 16, 0), encoded(np.full((1, 3, 3), 200, np.uint8), "PNG")]
    paths = [tmp_path / "deep.png", tmp_path / "plain.png"]
    found = {}
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
        found[hashlib.sha256(content).hexdigest()] = path
    (shard,) = cut_into_shards(found, ranges={hashlib.sha256(contents[0]).hexdigest(): (0, 65535)})
    images = dict(zip(shard.paths, shard, strict=True))
    assert images[paths[0]][0, :, 0].tolist() == [0, 4, 16]
    assert (images[paths[1]] == 200).all()
    paths[0].write_bytes(contents[1])
    with pytest.raises(ImageError, match=r"deep\.png: was changed"):
        list(shard)


def test_labels_of_images_to_be_scored_are_not_to_be_seen():
    subset = Subset(("a",), ("0",), None, ("x", "y"), 0)
    with pytest.raises(PermissionError):
        _ = subset.y


def test_seeds_differ_by_purpose_and_repeat_by_seed():
    subset = Subset(("a",), ("0",), (0,), ("x", "y"), 7)
    assert subset.seed_for("codebook") != subset.seed_for("svm")
    assert subset.rng("a").integers(1 << 30) == subset.rng("a").integers(1 << 30)


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(0, 12))
def test_lazy_rows_are_the_rows(chosen, start):
    names = [str(i) for i in range(10)]
    parts = [{"x": np.arange(10.0).reshape(5, 2) + 10 * n} for n in range(2)]
    shards = Shards([names[:5], names[5:]], lambda number: parts[number])
    ids = tuple(map(str, range(len(chosen))))
    subset = Subset(ids, tuple(names[i] for i in chosen), None, ("a",), 0)
    rows, lazy = shards.rows("x", subset), shards.lazy("x", subset)
    assert (lazy.shape, lazy.dtype, lazy.nbytes) == (rows.shape, rows.dtype, rows.nbytes)
    np.testing.assert_array_equal(np.ascontiguousarray(lazy), rows)
    np.testing.assert_array_equal(lazy[start:], rows[start:])
    backwards = np.arange(len(chosen))[::-1]
    np.testing.assert_array_equal(lazy[backwards], rows[backwards])
    np.testing.assert_array_equal(lazy[backwards, backwards % 2], rows[backwards, backwards % 2])
    first = shards.lazy("x", subset, 1)
    assert (first.shape, first.nbytes) == (rows[:, :1].shape, rows[:, :1].nbytes)
    np.testing.assert_array_equal(np.ascontiguousarray(first), rows[:, :1])
    np.testing.assert_array_equal(first[backwards], rows[backwards, :1])
