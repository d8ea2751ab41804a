"""The page of results: prose written by hand, and tables between markers, written by a program."""

import re
from dataclasses import dataclass
from pathlib import Path

from experiments.results.cells import AbsentError
from experiments.results.provenance import provenance
from experiments.results.recorded import Recorded, read_recorded
from experiments.results.runs import EXPERIMENTS
from experiments.results.tables import Results
from experiments.results.templates import TEMPLATES, read_templates
from strata.errors import InputError
from strata.files import write_atomic

PAGE = EXPERIMENTS.parent / "docs" / "results.md"
#: The table of what ran when; it has no template.
RUNS_TABLE = "runs"
_NONE = "Not made with these images."
_NOTE = """\
> The tables of this copy are of other images than the text, which is about those of the paper.

"""
_MARKED = re.compile(r"<!-- table: ([\w-]+) -->\n(.*?)<!-- end of table -->", flags=re.DOTALL)


@dataclass(frozen=True)
class Outcome:
    """Tables that were written, and those left as they were, each with the cause."""

    written: list[str]
    left: dict[str, str]


def marked(text: str) -> dict[str, str]:
    """Tables of a page by the name in their marker."""
    return {name: table.strip() for name, table in _MARKED.findall(text)}


def replace_tables(text: str, tables: dict[str, str]) -> str:
    """The page with some of its tables replaced; the rest of it stays as it is."""

    def new(match: "re.Match[str]") -> str:
        table = tables.get(match[1], match[2].strip())
        return f"<!-- table: {match[1]} -->\n{table}\n<!-- end of table -->"

    return _MARKED.sub(new, text)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"The page {path} cannot be read: {error.strerror}.",
            "--page names a page like docs/results.md; without it a copy of that is written.",
        ) from error


def refuse_other_images(path: Path, images: str) -> None:
    """Refuse to put figures of other images on a page.

    Raises:
        InputError: the page says that its figures are of images with another digest, or cannot be
            read.
    """
    recorded = read_recorded(marked(_read(path)).get(RUNS_TABLE, ""))
    if not recorded.is_of(images):
        raise InputError(
            f"{path} has the figures of other images (digest {recorded.images}) than these "
            f"({images[: len(recorded.images)]}).",
            "Without --page the tables go to a copy of docs/results.md in the folder of --into.",
        )


def write_page(
    results: Results, path: Path, base: Path | None = None, templates: Path = TEMPLATES
) -> Outcome:
    """Write every table whose runs have been made.

    Others stay as they are, as do the rows of their runs; in a copy for other images they are
    emptied. The page says which are of no run.

    Args:
        results: the numbers.
        path: the page.
        base: page that `path` becomes a copy of; without it `path` is changed.
        templates: file of the templates.

    Raises:
        InputError: the page has other tables than the templates, runs are of different images, or
            the page that is to be changed is of other images than the runs.
    """
    images = results.images() or results.place.digest
    if base is None:
        refuse_other_images(path, images)
    text = _read(base or path)
    known = read_templates(templates)
    there = marked(text)
    _check_names(set(there), {*known, RUNS_TABLE}, base or path)
    recorded = read_recorded(there[RUNS_TABLE])
    if not recorded.is_of(images):
        there, recorded = dict.fromkeys(there, _NONE), Recorded()
        text = _NOTE + text
    made = {run for run in results.runs if results.document(run) is not None}
    kept = {run: row for run, row in recorded.rows.items() if run not in made}
    tables, left, written = {}, {}, []
    for name, template in known.items():
        try:
            table = results.fill(template.text)
            written.append(name)
        except AbsentError as error:
            table = there[name].rpartition("\n\n")[2]
            if name in recorded.left or not set(template.methods) <= set(kept):
                left[name] = str(error)
        tables[name] = f"{template.caption(results.runs)}\n\n{table}"
    tables[RUNS_TABLE] = provenance(results, kept, left, images or recorded.images)
    write_atomic(path, replace_tables(text, tables))
    return Outcome(written, left)


def _check_names(there: set[str], wanted: set[str], path: Path) -> None:
    if there != wanted:
        lacking, unknown = sorted(wanted - there), sorted(there - wanted)
        told = [f"it lacks {', '.join(lacking)}"] if lacking else []
        told += [f"tables.md lacks {', '.join(unknown)}"] if unknown else []
        raise InputError(
            f"{path} and tables.md do not have the same tables: {'; '.join(told)}.",
            "Each heading of tables.md is the name in one marker <!-- table: NAME --> of the page.",
        )
