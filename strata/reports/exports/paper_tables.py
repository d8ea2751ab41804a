"""Ranking table for a README or a paper: Markdown and LaTeX."""

import re
from collections.abc import Iterable

from strata.reports.comparison.evaluation import Evaluation
from strata.reports.comparison.ranking import Ranking
from strata.reports.exports.tables import ranking_table
from strata.reports.summary.analysis import Analysis
from strata.text import printable

_MARKDOWN = str.maketrans({"\n": " ", "\r": " ", "<": "&lt;", ">": "&gt;", "&": "&amp;"})
#: Characters and beginnings of addresses of which Markdown makes emphasis, cells, links, mentions.
_MARKED_UP = re.compile(r"[\\`*_\[\]|~@]|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "|": r"\textbar{}",
        "–": "--",
        "−": "$-$",
        "\u202f": r"\,",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "\n": " ",
    }
)


def markdown_table(analysis: Analysis) -> str:
    """Ranking as a Markdown table, with notes below it."""
    table = ranking_table(analysis)
    lines = [
        _row(map(markdown_escaped, table.columns)),
        _row("---:" if right else "---" for right in table.right),
        *(_row(map(markdown_escaped, row)) for row in table.rows),
    ]
    notes = "  \n".join(map(markdown_escaped, table.notes))
    return "\n".join([*lines, "", notes]).rstrip() + "\n"


def _row(cells: Iterable[str]) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def markdown_escaped(text: str) -> str:
    """Text that Markdown shows as it is: no markup, no live links, no control characters."""
    return _MARKED_UP.sub(lambda c: f"\\{c[0]}", printable(text)).translate(_MARKDOWN)


def latex_escaped(text: str) -> str:
    """Text with LaTeX's special characters escaped, and control characters written as escapes."""
    return printable(text).translate(_LATEX)


def latex_table(analysis: Analysis, *, label: str = "") -> str:
    """Ranking as a LaTeX table environment; requires the package booktabs.

    The best method and those not significantly below it on any split are set in bold. The caption
    describes protocol and intervals.

    Args:
        analysis: to tabulate.
        label: without "tab:"; the comparison's name by default. Characters other than letters,
            digits and _ . - become -.
    """
    comparison, table = analysis.comparison, ranking_table(analysis)
    near = {row.method.name for row in analysis.ranking.near_best}
    names = [row.method.name for row in analysis.ranking.rows]
    names += [method.name for method in analysis.ranking.failed]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{latex_escaped(_caption(analysis.ranking))}}}",
        rf"\label{{tab:{re.sub(r'[^A-Za-z0-9_.-]+', '-', label or comparison.name)}}}",
        rf"\begin{{tabular}}{{{''.join('r' if right else 'l' for right in table.right)}}}",
        r"\toprule",
        _latex_row(table.columns),
        r"\midrule",
        *(
            _latex_row([row[0], name, *row[2:]], bold=name in near)
            for name, row in zip(names, table.rows, strict=True)
        ),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _latex_row(cells: list[str], *, bold: bool = False) -> str:
    """A row of a LaTeX table, optionally with the method's name in bold."""
    written = [latex_escaped(cell) for cell in cells]
    if bold:
        written[1] = rf"\textbf{{{written[1]}}}"
    return " & ".join(written) + r" \\"


def repeated(evaluation: Evaluation) -> str:
    """Repeats of a cross-validation, as ", repeated with 3 seeds,"; "" for one."""
    if evaluation.repeats == 1:
        return ""
    kept = evaluation.folds is not None and evaluation.folds.shared
    return f", repeated with {evaluation.repeats} {'seeds' if kept else 'draws of the folds'},"


def _caption(ranking: Ranking) -> str:
    """Caption: title, protocol, intervals, meaning of bold."""
    comparison, crossed = ranking.comparison, ranking.on("cv")
    text = f"{comparison.title}."
    bootstrapped = comparison.intervals == "bootstrap"
    if crossed:
        intervals = (
            "95 % percentile bootstrap intervals over the images of each fold."
            if bootstrapped
            else "95 % confidence intervals corrected for overlapping training sets (Nadeau and "
            "Bengio, 2003)."
        )
        text += (
            f" Cross-validation (CV) over {comparison.run.folds} folds"
            f"{repeated(next(iter(crossed.values())))} with {intervals}"
        )
    if ranking.on("test"):
        kind = "percentile bootstrap" if bootstrapped else "Wilson"
        text += f" Test accuracy with 95 % {kind} intervals."
    if len(comparison.methods) > 1:
        text += (
            " Bold: the best method and those not significantly below it (Holm-adjusted over all "
            "pairs)."
        )
    return text
