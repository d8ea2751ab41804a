"""Tests compute as the pipeline's workers do: on one thread, set before anything counts cores."""

import os

import pytest

from strata._threads import ONE_THREAD

os.environ.update(ONE_THREAD)


@pytest.fixture
def float32(monkeypatch):
    """Large networks compute in float32, whatever the processor can do."""
    monkeypatch.setattr("strata.models.runtime.devices._multiplies_bfloat16", lambda: False)
