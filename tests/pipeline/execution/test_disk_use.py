"""Announcement of what a run will write."""

from types import SimpleNamespace

import pytest

from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execution import disk_use
from strata.pipeline.execution.disk_use import announcement
from strata.pipeline.execution.rates import RATES, Estimates

GB = 10**9


@pytest.mark.parametrize(
    ("each", "free", "said"),
    [
        (10, GB, ""),
        (GB, 999 * GB, "To be written: about {total} GB; free on the disk of the store: 999 GB."),
        (GB, GB, "about {total} GB will be written, but the disk of the store"),
    ],
)
def test_much_is_announced_and_more_than_is_free_is_warned_of(
    project, monkeypatch, each, free, said
):
    workspace = Workspace.at(project.file, [], None, None, 1, False)
    _, plan = workspace.plan([])
    estimates = Estimates(workspace.store.root / RATES)
    for node in plan.nodes.values():
        estimates.record(node, 1.0, each)
    estimates.save()
    total = estimates.total(plan.nodes.values()).bytes / GB
    monkeypatch.setattr(disk_use.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    told = announcement(plan, workspace.store)
    assert said.format(total=f"{total:.1f}") in told
    assert bool(told) == bool(said)
    if each == GB:
        assert total == pytest.approx(len(plan.needed), rel=0.5)
