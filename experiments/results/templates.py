"""Templates of the tables: title, placeholders, and the commands that make one table.

A placeholder stands for one or more cells of a table's row: `{accuracy fisher/vlad}` is one,
`{accuracy, interval fisher/vlad}` are two, and `{pair codebooks/words[*]}` is one for each variant
of the method `words` in the experiment file's order.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from experiments.results.runs import Run

TEMPLATES = Path(__file__).with_name("tables.md")
PLACEHOLDER = re.compile(r"\{([\w, ]+) ([\w-]+)/([^{}]+)\}")


@dataclass(frozen=True)
class Template:
    """One table.

    Attributes:
        title: that of the paper's table, if it is one of them.
        text: Markdown with placeholders.
    """

    title: str
    text: str

    @property
    def methods(self) -> dict[str, list[str]]:
        """Methods of the experiment file that the table needs, without variants, by run."""
        found: dict[str, dict[str, None]] = {}
        for _, run, method in placeholders(self.text):
            found.setdefault(run, {})[method.partition("[")[0]] = None
        return {run: list(methods) for run, methods in found.items()}

    def command(self, run: Run) -> str:
        """The smallest command that makes what the table needs of a run."""
        methods = self.methods[run.name]
        if run.is_script or (not run.methods and {*methods} == {*run.variants}):
            return run.in_words()
        return replace(run, methods=tuple(methods)).in_words()

    def caption(self, runs: dict[str, Run]) -> str:
        """Title, runs and their smallest commands, in Markdown."""
        told = [f"run `{name}`, `{self.command(runs[name])}`" for name in self.methods]
        return f"**{self.title}**: {'; '.join(told)}"


def read_templates(path: Path = TEMPLATES) -> dict[str, Template]:
    """Template of each table, by the name in its heading, `## NAME: TITLE`."""
    text = path.read_text(encoding="utf-8")
    _, *parts = re.split(r"^## ([\w-]+): (.+)\n", text, flags=re.M)
    sections = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return {name: Template(title, body.strip()) for name, title, body in sections}


def placeholders(template: str) -> list[tuple[list[str], str, str]]:
    """Fields, run and method of each placeholder in a template."""
    return [
        ([field.strip() for field in fields.split(",")], run, method)
        for fields, run, method in PLACEHOLDER.findall(template)
    ]
