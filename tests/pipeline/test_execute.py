"""Who may use how many threads."""

from concurrent.futures import Future

from strata.pipeline import execute
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execute import Run
from strata.pipeline.plan import Plan


class Silent:
    def __getattr__(self, name):
        return lambda *about: None


def test_the_fewer_stages_run_the_more_threads_each_may_use(project, monkeypatch):
    rounds = []

    def at_once(jobs, function, task):
        """As `parallel.submit`, but done when it returns; the stage has one thread."""
        rounds[-1].append((task.title, task.threads))
        future = Future()
        future.set_result(function(task))
        return future

    def waited(running, **how):
        rounds.append([])
        return wait(running, **how)

    wait = execute.wait
    monkeypatch.setattr(execute, "submit", at_once)
    monkeypatch.setattr(execute, "wait", waited)
    monkeypatch.setattr("strata.pipeline.worker.allow_threads", lambda count: None)
    workspace = Workspace.at(project.file, [], None, None, 1, False)
    scores = [node for target in workspace.targets for _, node in target.folds]
    rounds.append([])
    Run(Plan.of(scores, workspace.store), workspace.store, Silent(), jobs=12).execute(
        keep_going=False
    )
    rounds = [found for found in rounds if found]
    assert {len(found) for found in rounds} > {4}
    for found in rounds:
        assert {threads for _, threads in found} == {12 // len(found)}
