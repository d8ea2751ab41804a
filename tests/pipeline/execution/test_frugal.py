"""Artifacts that a frugal run removes."""

from types import SimpleNamespace

import pytest

from strata.pipeline.execution.frugal import RemainingReaders


def node(key, *parents, role="vectors"):
    return SimpleNamespace(key=key, parents=parents, stage=SimpleNamespace(role=role))


@pytest.mark.parametrize("found", [False, True])
def test_the_last_reader_frees_what_this_run_made_and_nothing_that_another_run_made(found):
    vectors = node("vectors")
    first, last = (node(key, vectors, role="classifier") for key in ("first", "last"))
    nodes = {n.key: n for n in (vectors, first, last)}
    readers = RemainingReaders(SimpleNamespace(nodes=nodes, needed=list(nodes)))
    assert list(readers.finished(vectors, found=found)) == []
    assert list(readers.finished(first, found=False)) == []
    assert list(readers.finished(last, found=False)) == ([] if found else ["vectors"])
