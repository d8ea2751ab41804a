import multiprocessing
import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.pipeline.data import digest_cache

names = st.text(max_size=8)
rows = st.lists(st.tuples(names, st.integers(), st.text()).map(list), max_size=20)


@given(batches=st.lists(rows, max_size=4))
def test_the_latest_row_of_a_name_counts(tmp_path_factory, batches):
    path = tmp_path_factory.mktemp("cache") / "file"
    for batch in batches:
        digest_cache.append(path, batch)
    assert digest_cache.load(path) == {row[0]: row for batch in batches for row in batch}


def test_a_missing_file_is_empty(tmp_path):
    assert digest_cache.load(tmp_path / "none") == {}
    assert digest_cache.load(tmp_path) == {}
    digest_cache.append(tmp_path / "deep" / "file", [])
    assert not (tmp_path / "deep").exists()


def test_rewriting_replaces(tmp_path):
    path = tmp_path / "file"
    digest_cache.append(path, [["a", 1], ["b", 1]])
    digest_cache.rewrite(path, [["b", 2]])
    assert digest_cache.load(path) == {"b": ["b", 2]}
    assert os.listdir(tmp_path) == ["file"]


def test_a_torn_end_costs_one_row(tmp_path):
    path = tmp_path / "file"
    many = [[f"row {i}", "x" * 30] for i in range(50)]
    digest_cache.append(path, many)
    size = path.stat().st_size
    os.truncate(path, size - 11)
    assert list(digest_cache.load(path).values()) == many[:-1]
    digest_cache.append(path, [["next", 1]])  # not glued to the torn line
    assert list(digest_cache.load(path).values()) == [*many[:-1], ["next", 1]]


@settings(deadline=None)
@given(seed=st.integers(0, 2**32))
def test_damage_costs_the_rows_that_it_hits_and_changes_none(tmp_path_factory, seed):
    path = tmp_path_factory.mktemp("cache") / "file"
    many = [[f"row {i}", i, "ü" * 10] for i in range(40)]
    digest_cache.append(path, many)
    data = bytearray(path.read_bytes())
    rng = random.Random(seed)
    hits = rng.randrange(1, 5)
    for _ in range(hits):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(data)
    kept = list(digest_cache.load(path).values())
    assert len(kept) >= len(many) - 2 * hits
    assert all(row in many for row in kept)


@pytest.mark.parametrize("content", [b"", b"\0" * 1000, b"[1, 2]\n", os.urandom(5000), b"\n\n\n"])
def test_other_files_are_empty(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert digest_cache.load(path) == {}
    digest_cache.append(path, [["a", 1]])
    assert digest_cache.load(path) == {"a": ["a", 1]}


def test_rows_of_another_format_do_not_count(tmp_path, monkeypatch):
    path = tmp_path / "file"
    digest_cache.append(path, [["a", 1]])
    monkeypatch.setattr(digest_cache, "FORMAT", digest_cache.FORMAT + 1)
    assert digest_cache.load(path) == {}


def _write(path, writer):
    for batch in range(40):
        digest_cache.append(path, [[f"{writer} {batch} {i}", "y" * 200] for i in range(20)])


def test_writers_do_not_mix_their_rows(tmp_path):
    path = tmp_path / "file"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write, args=(path, w)) for w in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(digest_cache.load(path)) == 3 * 40 * 20
