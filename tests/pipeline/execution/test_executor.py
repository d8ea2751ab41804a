"""Threads per stage while a plan is executed."""

from concurrent.futures import Future

from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execution import executor
from strata.pipeline.execution.executor import Run
from strata.pipeline.execution.plan import Plan


class SilentObserver:
    def __getattr__(self, name):
        return lambda *about: None


def test_the_fewer_stages_run_the_more_threads_each_may_use(project, monkeypatch):
    rounds = []

    def at_once(jobs, function, task):
        """As `process_pool.submit`, but done when it returns; the stage has one thread."""
        rounds[-1].append((task.title, task.threads))
        future = Future()
        future.set_result(function(task))
        return future

    def waited(running, **how):
        rounds.append([])
        return wait(running, **how)

    wait = executor.wait
    monkeypatch.setattr(executor, "submit", at_once)
    monkeypatch.setattr(executor, "wait", waited)
    monkeypatch.setattr("strata.pipeline.execution.worker.allow_threads", lambda count: None)
    workspace = Workspace.at(project.file, [], None, None, 1, False)
    scores = [node for target in workspace.targets for _, node in target.folds]
    rounds.append([])
    Run(Plan.of(scores, workspace.store), workspace.store, SilentObserver(), jobs=12).execute(
        keep_going=False
    )
    rounds = [found for found in rounds if found]
    assert {len(found) for found in rounds} > {4}
    for found in rounds:
        assert {threads for _, threads in found} == {12 // len(found)}
