"""The page of results: prose written by hand, and tables between markers, written by a program."""

import re
from dataclasses import dataclass
from pathlib import Path

from experiments.results.cells import AbsentError
from experiments.results.provenance import provenance
from experiments.results.runs import EXPERIMENTS
from experiments.results.tables import TEMPLATES, Results, read_templates
from strata.errors import InputError
from strata.files import write_atomic

PAGE = EXPERIMENTS.parent / "docs" / "results.md"
#: The table of what ran when; it has no template.
RUNS_TABLE = "runs"
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


def write_page(results: Results, path: Path = PAGE, templates: Path = TEMPLATES) -> Outcome:
    """Write every table whose runs have been made; others stay, and the page says which.

    Raises:
        InputError: the page has other tables than the templates, or runs are of different images.
    """
    results.check_images()
    text = path.read_text(encoding="utf-8")
    known = read_templates(templates)
    _check_names(set(marked(text)), {*known, RUNS_TABLE}, path)
    made, left = {}, {}
    for name, template in known.items():
        try:
            made[name] = results.fill(template)
        except AbsentError as error:
            left[name] = str(error)
    made[RUNS_TABLE] = provenance(results, left)
    write_atomic(path, replace_tables(text, made))
    return Outcome([name for name in made if name != RUNS_TABLE], left)


def _check_names(there: set[str], wanted: set[str], path: Path) -> None:
    if there != wanted:
        lacking, unknown = sorted(wanted - there), sorted(there - wanted)
        told = [f"it lacks {', '.join(lacking)}"] if lacking else []
        told += [f"tables.md lacks {', '.join(unknown)}"] if unknown else []
        raise InputError(
            f"{path} and tables.md do not have the same tables: {'; '.join(told)}.",
            "Each heading of tables.md is the name in one marker <!-- table: NAME --> of the page.",
        )
