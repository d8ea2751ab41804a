"""Interval bars in table cells."""

import math

from strata.reports.formatting import known
from strata.reports.statistics.intervals import Interval


def bar(value: float, interval: Interval, axis: tuple[float, float] = (0.0, 1.0)) -> str:
    """CSS variables of an interval bar: start, end and point estimate, in percent of the axis."""
    low, high = axis
    ends = (interval.low, interval.high) if known(interval.low) else (value, value)
    start, end, dot = (
        100 * min(1.0, max(0.0, (v - low) / max(1e-9, high - low))) for v in (*ends, value)
    )
    return f"--from:{start:.1f}%;--to:{end:.1f}%;--at:{dot:.1f}%"


def bar_axis(bars: list[tuple[float, Interval]]) -> tuple[float, float]:
    """Shared axis of a table's bars: from the lowest end, rounded down to tenths, to 1."""
    ends = [i.low if known(i.low) else value for value, i in bars if known(value)]
    return math.floor(min(ends, default=0.0) * 10) / 10, 1.0
