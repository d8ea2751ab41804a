"""The table of what ran when: machine, versions, commit and code of each run."""

from collections.abc import Iterable
from typing import Any

from experiments.results.history import History, Record
from experiments.results.runs import Run
from experiments.results.tables import Results
from strata.reports.formatting import brief, duration

#: Digits of a digest that are printed.
DIGITS = 10


def provenance(results: Results, left: dict[str, str]) -> str:
    """Markdown: one row for each run that was made, its machine, and the tables without a run.

    Args:
        results: the numbers and records of the runs.
        left: tables that no run has replaced, with the cause.
    """
    history, rows, machines = results.history, [], []
    for run in results.runs.values():
        document, record = results.document(run.name), history.records.get(run.name)
        if document is None or record is None:
            continue
        machine = _machine(document)
        if machine and machine not in machines:
            machines.append(machine)
        rows.append(_row(run, record, machines.index(machine) + 1 if machine else None))
    parts = [_table(rows), _machines(machines), _commits(results, history), _left(left)]
    return "\n\n".join(part for part in parts if part) or "Nothing has been made yet."


def _table(rows: list[list[str]]) -> str:
    if not rows:
        return ""
    head = ["run", "command", "finished", "took", "commit", "code", "machine"]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(run: Run, record: Record, machine: int | None) -> list[str]:
    finished = record.finished.replace("T", " ")[:16] or f"no; begun {record.started[:16]}"
    if record.exit_code:
        finished += ", with failures"
    took = brief(duration(round(record.seconds)))
    if record.jobs:
        took += f", {record.jobs} process{'es' if record.jobs > 1 else ''}"
    cells = [run.name, f"`{run.in_words()}`", finished, took]
    return [*cells, record.commit or "–", record.code[:DIGITS], str(machine or "–")]


def _machine(document: dict[str, Any]) -> str:
    """Machine and versions of a run as one sentence; "" for a script, which does not say."""
    run = document.get("run")
    if not run:
        return ""
    hardware = dict(run["machine"])
    first = [hardware.pop("processor", ""), f"{hardware.pop('cores', '?')} cores"]
    names = [*filter(None, first), *hardware.values()]
    versions = [f"{name} {version}" for name, version in run["versions"].items()]
    return f"{', '.join(names)}; {', '.join(versions)}"


def _machines(machines: list[str]) -> str:
    return "\n".join(f"{n}. {machine}." for n, machine in enumerate(machines, start=1))


def _commits(results: Results, history: History) -> str:
    """Sentence on the commits of the runs, which should be one."""
    made = [name for name in results.runs if name in history.records and results.document(name)]
    commits = {history.records[name].commit or "no commit" for name in made}
    if len(commits) < 2:
        return f"All of these are of commit {_listing(commits)}." if commits else ""
    return (
        f"These are of {len(commits)} commits: {_listing(sorted(commits))}. Runs whose `code` is "
        "the same in two commits need not be made again: no function that they use has changed."
    )


def _left(left: dict[str, str]) -> str:
    if not left:
        return "Every table of this page is of these runs."
    causes: dict[str, list[str]] = {}
    for name, cause in left.items():
        causes.setdefault(cause, []).append(f"`{name}`")
    told = [f"- {_listing(names)}: {cause}." for cause, names in causes.items()]
    return "\n".join(
        ["Tables that are not of these runs, but of earlier ones or of none:", "", *told]
    )


def _listing(names: Iterable[str]) -> str:
    return ", ".join(names)
