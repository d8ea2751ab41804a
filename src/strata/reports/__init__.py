"""From predictions to understanding: metrics, intervals, figures, tables, the page."""

from importlib import import_module
from typing import Any

_EXPORTS = {
    "Comparison": "results",
    "Cost": "results",
    "DataSummary": "results",
    "Method": "results",
    "RunInfo": "results",
    "Scores": "scores",
    "StageRow": "results",
    "Analysis": "analysis",
    "analyse": "analysis",
    "ReportFiles": "writer",
    "write_report": "writer",
    "terminal_table": "tables",
    "markdown_table": "paper",
    "latex_table": "paper",
    "compare": "changes",
    "read_results": "changes",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
