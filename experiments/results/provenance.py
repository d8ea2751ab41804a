"""The table of what ran when: machine, versions, commit and code of each run."""

from collections.abc import Iterable
from typing import Any

from experiments.results.history import Record
from experiments.results.runs import Run
from experiments.results.tables import Results
from strata.reports.formatting import brief, duration

#: Digits of a digest that are printed.
DIGITS = 10
HEAD = ["run", "command", "finished", "took", "commit", "code", "machine"]


def provenance(
    results: Results, kept: dict[str, list[str]], left: dict[str, str], images: str
) -> str:
    """Markdown: one row for each run, the machines, and the tables without a run.

    Args:
        results: the numbers and records of the runs.
        kept: rows of the page for runs that are not among them, as `recorded.py` reads them.
        left: tables that no run has replaced, with the cause.
        images: digest of the runs' images; "" if it is not known.
    """
    rows = []
    for run in results.runs.values():
        document, record = results.document(run.name), results.history.records.get(run.name)
        if document is not None and record is not None:
            rows.append(_row(run, record, _machine(document)))
        elif run.name in kept:
            rows.append(kept[run.name])
    if not rows:
        return "\n\n".join(["Nothing has been made yet.", _left(left)])
    machines = list(dict.fromkeys(row[-1] for row in rows if row[-1]))
    numbered = [
        [*cells, str(machines.index(machine) + 1) if machine else "–"] for *cells, machine in rows
    ]
    commits = _commits({row[HEAD.index("commit")] for row in rows})
    parts = [_table(numbered), _machines(machines), _images(images), commits, _left(left)]
    return "\n\n".join(part for part in parts if part)


def _table(rows: list[list[str]]) -> str:
    lines = [HEAD, ["---"] * len(HEAD), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(run: Run, record: Record, machine: str) -> list[str]:
    finished = record.finished.replace("T", " ")[:16] or f"no; begun {record.started[:16]}"
    if record.exit_code:
        finished += ", with failures"
    took = brief(duration(round(record.seconds)))
    if record.jobs:
        took += f", {record.jobs} process{'es' if record.jobs > 1 else ''}"
    cells = [run.name, f"`{run.in_words()}`", finished, took]
    return [*cells, record.commit or "–", record.code[:DIGITS], machine]


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


def _images(digest: str) -> str:
    return f"The images of these runs have the digest `{digest[:DIGITS]}`." if digest else ""


def _commits(commits: set[str]) -> str:
    """Sentence on the commits of the runs, which should be one."""
    known = sorted(commits - {"–"})
    if not known:
        return "Their commits are not known: the sources were in no git repository."
    if len(commits) == 1:
        return f"All of these are of commit {_listing(known)}."
    unknown = " and of sources in no git repository" if "–" in commits else ""
    count = f"{len(known)} commit{'s' if len(known) > 1 else ''}"
    return (
        f"These are of {count}{unknown}: {_listing(known)}. Runs whose `code` is "
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
