"""Built-in scenes drawn by several first runs at once, and drawn again where they are damaged."""

import multiprocessing

import pytest

from strata.pipeline.experiment.dataset import open_dataset
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.store.store import Store

FILE = """
[data]
per_class = 3
size = 32

[protocol]
folds = 2

[methods.bovw]
"""


def opened(folder):
    experiment = read_experiment(folder / "strata.toml", [])
    store = Store(folder / ".strata").open()
    return open_dataset(experiment, store, jobs=1, progress=lambda *_: None).manifest


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "strata.toml").write_text(FILE)
    return tmp_path


def _open(folder, start, results):
    start.wait()
    try:
        results.put(opened(folder).digest)
    except BaseException as error:
        results.put(repr(error))


def test_first_runs_at_once_draw_the_scenes_once(folder):
    context = multiprocessing.get_context("fork")
    start, results = context.Event(), context.Queue()
    runs = [context.Process(target=_open, args=(folder, start, results)) for _ in range(4)]
    for run in runs:
        run.start()
    start.set()
    found = {results.get(timeout=120) for _ in runs}
    for run in runs:
        run.join()
    assert found == {opened(folder).digest}
    drawn = [path for path in (folder / ".strata/data").iterdir() if path.is_dir()]
    assert [path.name[:7] for path in drawn] == ["scenes-"]


def test_damaged_scenes_are_drawn_again(folder):
    first = opened(folder)
    assert first.notes == ()
    for damage in ("has changed", "is missing"):
        name = first.records[0].id
        if damage == "has changed":
            first.records[0].path.write_bytes(first.records[-1].path.read_bytes())
        else:
            first.records[0].path.unlink()
        again = opened(folder)
        assert again.digest == first.digest
        assert again.notes == (f"the drawn scenes were damaged and drawn again: {name} {damage}",)
    assert opened(folder).notes == ()
