"""Progress of running stages: estimates of time left, live bars, plain lines."""

import io
import re
from importlib import import_module
from pkgutil import iter_modules
from types import SimpleNamespace

import pytest
from rich.console import Console

from strata.errors import StrataError
from strata.pipeline import stages
from strata.pipeline.code.code_digest import code_digests
from strata.pipeline.execution import progress_bar
from strata.pipeline.execution.eta import TaskEta
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.progress_bar import ProgressBar
from strata.pipeline.execution.rates import TABLE, Estimates, Rate, work_of
from strata.pipeline.execution.worker import TaskResult
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.stage import Stage, ViewStage
from strata.pipeline.store import task_progress
from strata.pipeline.store.task_progress import TaskProgress, read_progress, report_progress


def node(key, stage="train_network", shard=None, method="tinynet", images=100, **parameters):
    return SimpleNamespace(
        key=key,
        stage=SimpleNamespace(name=stage),
        context=f"{method}, fold {key}",
        shard=shard,
        parameters=parameters,
        inputs=([Subset(("",) * images, (), None, (), 0)],),
    )


def plan_of(nodes):
    return Plan(nodes, {}, list(nodes))


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(seconds=100.0)
    fake = SimpleNamespace(monotonic=lambda: now.seconds)
    monkeypatch.setattr(progress_bar, "time", fake)
    monkeypatch.setattr(task_progress, "time", fake)
    return now


def watched(tmp_path, *, terminal):
    nodes = {key: node(key) for key in "123"}
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=120, color_system=None)
    return ProgressBar(console, plan_of(nodes), SimpleNamespace(root=tmp_path), 2), nodes, out


def test_the_rate_is_that_of_the_steps_observed():
    eta = TaskEta()
    assert eta.seconds_left(5.0, expected=80.0) == 80.0
    eta.update(TaskProgress(60, 100), 10.0)  # goes on from a checkpoint
    assert eta.seconds_left(11.0, expected=80.0) == pytest.approx(32.0)
    eta.update(TaskProgress(70, 100), 15.0)
    assert eta.total_seconds == 50.0
    assert eta.seconds_left(16.0, expected=80.0) == 14.0
    eta.update(None, 99.0)
    assert eta.seconds_left(99.0, expected=80.0) == 0.0


def test_the_rate_is_that_of_the_latest_steps():
    eta = TaskEta()
    for step in range(10):
        eta.update(TaskProgress(step, 20), step * 0.1)
    for step in range(10, 14):
        eta.update(TaskProgress(step, 20), 60.0 * (step - 9))
    assert eta.seconds_left(240.0, expected=1.0) == pytest.approx(7 * 60)


def test_each_running_training_has_a_bar(tmp_path, clock):
    shown, nodes, _ = watched(tmp_path, terminal=True)
    (tmp_path / "progress").mkdir()
    with shown:
        shown.started(nodes["1"])
        shown.started(nodes["2"])
        for epoch in (10, 12):
            (tmp_path / "progress" / "1").write_text(f"{epoch} 120")
            clock.seconds += 2
            shown.waiting()
        last = shown._bar.tasks[1]
        assert last.description == "tinynet, fold 1: train_network, 12 of 120"
        assert last.fields["share"] == "10%"
        assert last.fields["left"] == "1 min 48 s left"  # a second an epoch
        # Fold 2 has reported nothing, fold 3 waits: both as long as fold 1, on two processes.
        assert shown._seconds_left() == pytest.approx((108 + 120 + 120) / 2)
        assert shown._bar.tasks[0].fields["left"] == "about 2 min 54 s left"
        assert shown._bar.tasks[0].description == "tinynet, fold 2: train_network"
        shown.finished(nodes["1"], TaskResult(120.0, 10, found=False))
        assert len(shown._bar.tasks) == 1


def test_nodes_outside_of_the_plan_may_run_too(tmp_path, clock):
    shown, nodes, _ = watched(tmp_path, terminal=True)
    with shown:
        for one in (*nodes.values(), node("0", "resized")):
            shown.started(one)
            clock.seconds += 1
            shown.waiting()
            shown.finished(one, TaskResult(1.0, 10, found=False))
        assert shown._seconds_left() == 0


def test_piped_output_is_one_plain_line_per_stage(tmp_path, clock):
    shown, nodes, out = watched(tmp_path, terminal=False)
    (tmp_path / "progress").mkdir()
    with shown:
        for key, one in nodes.items():
            shown.started(one)
            (tmp_path / "progress" / key).write_text("12 120")
            clock.seconds += 2
            shown.waiting()
            shown.finished(one, TaskResult(2.0, 10, found=False))
    assert re.fullmatch(r"\[3/3\] tinynet: train_network  6\.0 s\n", out.getvalue())


def test_after_a_minute_of_silence_piped_output_lists_the_running_stages(tmp_path, clock):
    shown, nodes, out = watched(tmp_path, terminal=False)
    with shown:
        shown.started(nodes["1"])
        for _ in range(150):
            clock.seconds += 1
            shown.waiting()
    first, second = out.getvalue().splitlines()
    assert first.startswith("[0/3] running: tinynet, fold 1: train_network, about ")
    assert second.startswith("[0/3] running: tinynet, fold 1: train_network, about ")


def test_time_left_counts_stages_that_were_never_timed(tmp_path, clock):
    """Half of a run of 13 minutes, of which a small stage alone was timed."""
    nodes = {"0": node("0", "dense_sift", images=320)}
    nodes |= {key: node(key, "fisher_vectors", images=4000) for key in "12345678"}
    shown, _, _ = watched(tmp_path, terminal=False)
    shown = ProgressBar(shown._console, plan_of(nodes), SimpleNamespace(root=tmp_path), 4)
    by_table = 8 * 4000 * TABLE["fisher_vectors"].seconds / 4
    with shown:
        slow = 320 * 3 * TABLE["dense_sift"].seconds
        shown.finished(nodes["0"], TaskResult(slow, 10, found=False))
        assert by_table < shown._seconds_left() < 3 * by_table
        for key in "1234":
            shown.finished(nodes[key], TaskResult(90.0, 10, found=False))
        assert shown._time_left() == "about 90 s left"


def test_variants_of_a_sweep_share_a_line(tmp_path, clock):
    shown, _, out = watched(tmp_path, terminal=False)
    nodes = {str(k): node(str(k), method=f"tinynet[epochs={k}]") for k in range(30)}
    shown = ProgressBar(shown._console, plan_of(nodes), SimpleNamespace(root=tmp_path), 1)
    with shown:
        for one in nodes.values():
            shown.started(one)
            shown.finished(one, TaskResult(2.0, 10, found=False))
    assert out.getvalue() == "[30/30] tinynet: train_network  60 s\n"


def test_one_failure_is_told_once(tmp_path, clock):
    shown, nodes, out = watched(tmp_path, terminal=False)
    with shown:
        for one in nodes.values():
            shown.started(one)
            shown.failed(one, StrataError("No weights.", "Name some."))
    assert out.getvalue() == "failed: tinynet, fold 1: train_network\n"


def test_a_stage_reports_through_its_file_and_not_too_often(tmp_path, clock):
    with task_progress.running(tmp_path, "key"):
        assert read_progress(tmp_path, "key") is None
        report_progress(1, 9)
        assert read_progress(tmp_path, "key") == TaskProgress(1, 9)
        report_progress(2, 9)
        assert read_progress(tmp_path, "key") == TaskProgress(1, 9)
        clock.seconds += 1
        report_progress(3, 9)
        assert read_progress(tmp_path, "key") == TaskProgress(3, 9)
    assert read_progress(tmp_path, "key") is None


def test_progress_reports_are_no_part_of_a_key():
    reached = code_digests("strata.pipeline.stages.networks", "train_network")
    progress = ("strata.pipeline.execution.", "strata.pipeline.store.task_progress.")
    assert not [name for name in reached if name.startswith(progress)]


def test_parts_are_numbered_in_messages():
    shards = [SimpleNamespace(key="a"), SimpleNamespace(key="b")]
    pair = [node("1", "dense_sift", shards[0]), node("2", "dense_sift", shards[1])]
    plan = plan_of({n.key: n for n in pair})
    assert [plan.shard_name(n) for n in pair] == ["part 1 of 2", "part 2 of 2"]
    assert plan.title(pair[1]) == "tinynet, fold 2: dense_sift (part 2 of 2)"
    alone = node("1", "dense_sift", shards[0])
    assert plan_of({"1": alone}).title(alone) == "tinynet, fold 1: dense_sift"


def test_rates_in_the_same_method_come_before_those_in_others(tmp_path):
    large, small, new = (node("1", method=m, images=10) for m in ("large", "small", "new"))
    estimates = Estimates(tmp_path / "rates.json")
    estimates.record(large, 100.0, 1000)
    estimates.record(small, 2.0, 10)
    assert estimates.of(small) == pytest.approx(Rate(2.0, 10))
    assert estimates.of(large) == pytest.approx(Rate(100.0, 1000))
    assert 2.0 < estimates.of(new).seconds < 100.0
    twice = node("1", method="small", images=20)
    assert estimates.of(twice) == pytest.approx(Rate(4.0, 20))
    estimates.save()
    again = Estimates(tmp_path / "rates.json")
    assert again.of(small) == estimates.of(small)
    assert again.of(new) == estimates.of(new)


def test_stages_without_a_rate_of_their_own_are_estimated_by_the_table(tmp_path):
    estimates = Estimates(tmp_path / "rates.json")
    assert estimates.of(node("1", "svm", images=100)).seconds == 100 * TABLE["svm"].seconds
    assert estimates.of(node("1", "somebody_s")).seconds > 0
    for stage in ("svm", "knn", "vlad", "encode", "logistic", "lda"):  # a machine ten times slower
        rate = TABLE.get(stage, Rate(1.0, 0))
        estimates.record(node("1", stage), 1000 * rate.seconds, 0)
    by_table = 100 * TABLE["pca"].seconds
    assert 5 * by_table < estimates.of(node("1", "pca")).seconds < 10 * by_table


def test_every_stage_of_the_package_has_a_rate():
    found = {
        value.name
        for module in iter_modules(stages.__path__)
        for value in vars(import_module(f"{stages.__name__}.{module.name}")).values()
        if isinstance(value, Stage) and not isinstance(value, ViewStage)
    }
    assert found - TABLE.keys() == set()


def test_work_is_images_times_epochs():
    assert work_of(node("1", images=30)) == 30
    assert work_of(node("1", images=30, epochs=4)) == 120
    assert work_of(node("1", images=0)) == 1
    assert work_of(node("1", shard=range(7))) == 7
