"""Methods that are up to date, and what to do about those that are not."""

import shlex

from strata.errors import InputError
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.experiment.compose import Target


def trained_target(workspace: Workspace, method: str) -> Target:
    """One method that is up to date with its images, parameters and code.

    Raises:
        InputError: no such method, one that has variants, or one that is not up to date.
    """
    wanted = workspace.chosen([method])
    if len(wanted) > 1:
        names = ", ".join(target.name for target in wanted)
        raise InputError(f"'{method}' has variants.", f"Name one of them: {names}.")
    target = wanted[0]
    if workspace.store.state(target.node.key) != "present":
        raise InputError(
            f"{target.name} is not up to date with the current images, parameters and code.",
            _remedy(workspace, target.name),
        )
    return target


def _remedy(workspace: Workspace, method: str) -> str:
    """Hint for a method that is not up to date: other settings of the last report, or `make`."""
    from strata.reports import read_results

    hint = (
        f"Run {workspace.command('make', method)} first; "
        f"{workspace.command('why', method)} tells what changed."
    )
    try:
        last = read_results(workspace.out)["run"].get("settings", [])
    except InputError:  # no report, or none that this version reads
        return hint
    if last == list(workspace.experiment.settings):
        return hint
    given = " ".join(f"--set {shlex.quote(setting)}" for setting in last) or "no --set"
    return f"The last report was made with {given}: give the same here. Or else: {hint}"
