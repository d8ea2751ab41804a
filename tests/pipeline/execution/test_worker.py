"""Errors of stages, as the user sees them."""

from types import SimpleNamespace

from strata.pipeline.execution.worker import _stage_error
from strata.pipeline.store.store import Store


def test_a_message_that_is_no_text_fails_its_stage_alone(tmp_path):
    """Lone surrogates come from names of files that are not UTF-8."""
    store = Store(tmp_path).open()
    task = SimpleNamespace(key="key", title="fisher, fold 1: svm")
    try:
        raise ValueError("caf\udce9.png is odd")
    except ValueError as error:
        told = str(_stage_error(task, store, error))
    assert told.encode()
    assert "ValueError: caf\\udce9.png is odd" in told
    assert "caf\\udce9.png is odd" in (store.root / "failures" / "key.txt").read_text()
