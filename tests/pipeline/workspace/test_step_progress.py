"""Progress of steps before the graph, where the output is piped into a file."""

import io
import re

from rich.console import Console

from strata.pipeline.workspace import step_progress
from strata.pipeline.workspace.step_progress import FETCHING, StepProgress


def printed(monkeypatch, calls):
    """Lines printed for calls of (seconds since the beginning, arguments of `update`)."""
    out = io.StringIO()
    with StepProgress(Console(file=out, width=200)) as progress:
        for seconds, call in calls:
            monkeypatch.setattr(step_progress.time, "monotonic", lambda seconds=seconds: seconds)
            progress.update(*call)
    return out.getvalue().splitlines()


def test_a_long_download_is_seen_in_plain_lines(monkeypatch):
    calls = [(float(s), (FETCHING, s * 10**6, 40 * 10**6)) for s in range(1, 41)]
    lines = printed(monkeypatch, calls)
    assert lines[:2] == [
        f"{FETCHING}: 17.0 MB of 40.0 MB, about 22 s left",  # 16 s since the first call
        f"{FETCHING}: 33.0 MB of 40.0 MB, about 6.8 s left",
    ]
    assert re.fullmatch(f"{FETCHING}: 40.0 MB  39 s", lines[2])
    assert len(lines) == 3


def test_a_download_of_unknown_length(monkeypatch):
    calls = [(float(s), (FETCHING, s * 10**6, 0)) for s in range(1, 20)]
    assert printed(monkeypatch, calls) == [f"{FETCHING}: 17.0 MB"]


def test_short_steps_are_silent_and_images_are_counted(monkeypatch):
    calls = [(0.0, ("reading the images", 1, 2)), (0.1, ("reading the images", 2, 2))]
    assert printed(monkeypatch, calls) == []
    calls[1] = (1.0, ("reading the images", 2, 2))
    assert printed(monkeypatch, calls)[0].startswith("reading the images: 2  ")


def test_a_step_without_parts_is_shown_while_it_runs(monkeypatch):
    for terminal in (False, True):
        out = io.StringIO()
        clock = iter(range(0, 1000, 2))
        monkeypatch.setattr(step_progress.time, "monotonic", lambda clock=clock: float(next(clock)))
        console = Console(file=out, width=200, force_terminal=terminal, get_time=lambda: 0.0)
        with StepProgress(console) as progress, progress.during("drawing the pictures of tree"):
            shown = out.getvalue()
        assert ("drawing the pictures of tree" in shown) == terminal
        lines = [line for line in out.getvalue().splitlines() if "drawing" in line]
        assert terminal or lines == ["drawing the pictures of tree: 2.0 s"]
