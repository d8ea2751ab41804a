"""The list of runs: their time, and the tables that they make, each with its smallest command."""

from collections.abc import Iterable

from experiments.results.history import History
from experiments.results.runs import Run
from experiments.results.templates import Template
from strata.reports.formatting import brief, duration

_EXPLANATION = """\
Hours are measured where it says "took", in earlier runs of this folder; the others are estimates
of `strata plan` for the paper's 1,881 images on two cores, and may be several times too low.
Commands need --set data.source=DIR. `make results IMAGES=DIR ONLY="cnn mlp"` makes two of the runs;
those that need a GPU are made only if they are named."""


def listing(wanted: Iterable[Run], templates: dict[str, Template], history: History) -> str:
    """Text of the list, from files alone: no image is read, nothing is made."""
    lines, hours = [], 0.0
    for run in wanted:
        lines.append(f"{run.name}: {_time(run, history)}")
        for template in templates.values():
            if run.name in template.methods:
                lines.append(f"    {template.title}: {template.command(run)}")
        record = history.records.get(run.name)
        hours += 0.0 if record and record.is_done else run.hours
    return "\n".join([*lines, f"about {hours:.1f} h left in all, without a GPU", _EXPLANATION])


def _time(run: Run, history: History) -> str:
    record = history.records.get(run.name)
    if record:
        state = "made" if record.is_done else "begun"
        return f"{state}, took {brief(duration(round(record.seconds)))}"
    if run.gpu:
        return "needs a GPU"
    return f"about {run.hours:.1f} h" if run.hours else "no estimate (a script)"
