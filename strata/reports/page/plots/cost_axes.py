"""Costs by which the page compares methods, with their formats."""

from collections.abc import Callable
from typing import NamedTuple

from strata.reports.formatting import DASH, brief, count, duration, known, milliseconds, size
from strata.reports.model.results import Cost


class CostKind(NamedTuple):
    """One cost: name, accessor, format with unit, format of an axis tick."""

    name: str
    of: Callable[[Cost], float | None]
    text: Callable[[float | None], str]
    tick: Callable[[float], str]


COSTS = (
    CostKind("fit time", lambda cost: cost.fit_seconds, duration, lambda v: f"{v:g} s"),
    CostKind(
        "time per image",
        lambda cost: cost.predict_ms,
        lambda value: f"{milliseconds(value)} ms" if known(value) else DASH,
        lambda value: f"{value:g} ms",
    ),
    CostKind("parameters", lambda cost: cost.parameters, count, lambda v: brief(count(v))),
    CostKind("size on disk", lambda cost: cost.bytes, size, lambda v: brief(size(v))),
    CostKind(
        "multiply-adds per image",
        lambda cost: cost.multiply_adds,
        count,
        lambda value: brief(count(value)),
    ),
)
