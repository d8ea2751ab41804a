"""Parameter sweeps as curves with intervals, grids as heat maps, with published values."""

from typing import Any

from markupsafe import Markup

from strata.reports.comparison.evaluation import SPLIT_NAMES, Evaluation
from strata.reports.comparison.sweeps import Sweep, SweepGrid
from strata.reports.formatting import axis_name, duration, known, parameter, percent, percent_range
from strata.reports.page.plots.confusion_matrix import heat_map
from strata.reports.page.plots.svg import Frame, element, text_width
from strata.reports.summary.analysis import Analysis

#: CSS classes of the lines of a joint drawing, which are also labeled at their ends.
STYLES = ("line", "line warm", "line third", "line soft")

Points = list[tuple[float, Any, Evaluation]]


def sweep_sections(analysis: Analysis) -> list[dict[str, Any]]:
    """Template context of every sweep: a table and a drawing."""
    split = _split(analysis)
    return [
        {
            "sweep": sweep,
            "fixed": _fixed(sweep.fixed),
            "drawing": sweep_drawing(sweep, split),
            "split": split,
            "papers": any(row.method.paper is not None for row in sweep.rows),
            "rows": [
                {
                    "value": parameter(value),
                    "name": row.method.name,
                    "accuracy": percent(e.accuracy) if e else "–",
                    "range": percent_range(e.interval) if e else "–",
                    "paper": percent(row.method.paper),
                    "fit": duration(row.method.cost.fit_seconds if row.method.cost else None),
                    "best": value == sweep.best,
                }
                for value, row, e in zip(sweep.values, sweep.rows, sweep.evaluations, strict=True)
            ],
        }
        for sweep in analysis.sweeps
    ]


def grid_sections(analysis: Analysis) -> list[dict[str, Any]]:
    """Template context of every grid: a heat map."""
    split = _split(analysis)
    return [
        {
            "grid": grid,
            "fixed": _fixed(grid.fixed),
            "drawing": grid_drawing(grid, split),
            "split": split,
        }
        for grid in analysis.grids
    ]


def joint_sweeps(analysis: Analysis) -> list[dict[str, Any]]:
    """One drawing per numeric parameter that several methods were swept over.

    Over the number of training images, for example, these are learning curves.
    """
    by_parameter: dict[str, list[Sweep]] = {}
    for sweep in analysis.sweeps:
        if sweep.numeric:
            by_parameter.setdefault(sweep.parameter, []).append(sweep)
    split = _split(analysis)
    return [
        {"parameter": name, "drawing": joint_drawing(name, found, split)}
        for name, found in by_parameter.items()
        if len({sweep.method for sweep in found}) > 1
    ]


def _split(analysis: Analysis) -> str:
    """Name of the split that ranks."""
    basis = analysis.ranking.basis
    return SPLIT_NAMES[basis] if basis else ""


def _fixed(fixed: dict[str, Any]) -> list[tuple[str, str]]:
    """The fixed parameters of a sweep as text."""
    return [(name, parameter(value)) for name, value in fixed.items()]


def sweep_drawing(sweep: Sweep, split: str) -> Markup | None:
    """Accuracy over the swept parameter, with intervals; published values as crosses."""
    points = _points(sweep)
    if len(points) < 2:
        return None
    papers = [
        (x, row.method.paper)
        for x, row in zip(_positions(sweep), sweep.rows, strict=True)
        if row.method.paper is not None
    ]
    frame = _frame([points], [paper for _, paper in papers], sweep.numeric)
    names = {x: parameter(value) for x, value, _ in points}
    frame.axes(axis_name(sweep.parameter), f"accuracy %, {split}", lambda x: names[x],
               lambda v: percent(v, 0), x_ticks=list(names))  # fmt: skip
    _draw_points(frame, points, "line", joined=sweep.numeric)
    for x, paper in papers:
        _draw_cross(frame, x, paper)
    if papers:
        frame.add("text", "× published", class_="label warm", x=frame.width - frame.right, y=13,
                  text_anchor="end")  # fmt: skip
    described = "; ".join(f"published: {percent(paper)} % at {names.get(x, x)}"
                          for x, paper in papers)  # fmt: skip
    return frame.render(f"{sweep.method}: accuracy by {sweep.parameter}, {split}", described)


def joint_drawing(name: str, found: list[Sweep], split: str) -> Markup:
    """Sweeps of several methods over one number, each labeled at the end of its line."""
    lines = [(sweep.method, _points(sweep)) for sweep in found]
    right = max(text_width(method) for method, _ in lines) + 18
    frame = _frame([points for _, points in lines], [], True,
                   width=400 + right, height=320, right=right)  # fmt: skip
    ticks = sorted({x for _, points in lines for x, _, _ in points})
    frame.axes(axis_name(name), f"accuracy %, {split}", parameter, lambda v: percent(v, 0),
               x_ticks=ticks)  # fmt: skip
    ends: list[float] = []
    for i, (method, points) in enumerate(lines):
        style = STYLES[i % len(STYLES)]
        _draw_points(frame, points, style)
        y = frame.y(points[-1][2].accuracy) + 4
        while any(abs(y - other) < 13 for other in ends):
            y += 13
        ends.append(y)
        frame.add(
            "text",
            method,
            class_=style.replace("line", "label on"),
            x=frame.width - frame.right + 8,
            y=y,
        )
    return frame.render(f"Accuracy by {name}, {split}", ", ".join(m for m, _ in lines))


def grid_drawing(grid: SweepGrid, split: str) -> Markup:
    """Heat map of the accuracy of every combination."""
    values = [[_accuracy(row.evaluations) if row else None for row in line] for line in grid.cells]
    tips = [
        [
            f"{row.method.name}: {percent(e.accuracy)} % ({percent_range(e.interval)})"
            if row and (e := next(iter(row.evaluations.values()), None))
            else ""
            for row in line
        ]
        for line in grid.cells
    ]
    return heat_map(
        values,
        tips,
        [parameter(value) for value in grid.values[0]],
        [parameter(value) for value in grid.values[1]],
        f"{grid.parameters[0]} ↓  {grid.parameters[1]} →",
        f"{grid.method}: accuracy by {grid.parameters[0]} and {grid.parameters[1]}, {split}",
    )


def _accuracy(evaluations: dict[Any, Evaluation]) -> float | None:
    """Accuracy on the split that ranks."""
    return next((e.accuracy for e in evaluations.values()), None)


def _positions(sweep: Sweep) -> list[float]:
    """x positions of the values: numbers at their value, others at their index."""
    return [float(v) if sweep.numeric else float(i) for i, v in enumerate(sweep.values)]


def _points(sweep: Sweep) -> Points:
    """(x, value, evaluation) of the variants that have scores."""
    return [
        (x, v, e)
        for x, v, e in zip(_positions(sweep), sweep.values, sweep.evaluations, strict=True)
        if e is not None
    ]


def _frame(
    lines: list[Points],
    others: list[float],
    numeric: bool,
    *,
    width: float = 400,
    height: float = 260,
    right: float = 14,
) -> Frame:
    """Axes that hold all points, intervals and others; logarithmic if x spans a factor of 8."""
    points = [point for line in lines for point in line]
    xs = [x for x, _, _ in points]
    log = numeric and min(xs) > 0 and max(xs) / min(xs) >= 8
    pad = (max(xs) - min(xs)) * 0.06
    x_range = (min(xs) / 1.15, max(xs) * 1.15) if log else (min(xs) - pad, max(xs) + pad)
    ends = [end for _, _, e in points for end in (*e.interval, e.accuracy) if known(end)]
    low, high = min([*ends, *others]), max([*ends, *others])
    room = max(0.01, 0.08 * (high - low))
    y_range = (max(0.0, low - room), min(1.0, high + room))
    return Frame(x_range, y_range, width, height, right=right, top=26, log_x=log)


def _draw_points(frame: Frame, points: Points, style: str, *, joined: bool = True) -> None:
    """Line, intervals and dots with tooltips."""
    if joined:
        frame.line([x for x, _, _ in points], [e.accuracy for _, _, e in points], style)
    dot = style.replace("line", "dot on")
    for x, value, e in points:
        left = frame.x(x)
        if known(e.interval.low):
            frame.add("line", class_="whisker", x1=left, x2=left, y1=frame.y(e.interval.low),
                      y2=frame.y(e.interval.high))  # fmt: skip
        tip = f"{parameter(value)}: {percent(e.accuracy)} % ({percent_range(e.interval)})"
        frame.add("circle", element("title", tip), class_=dot, cx=left, cy=frame.y(e.accuracy),
                  r=4)  # fmt: skip


def _draw_cross(frame: Frame, x: float, value: float) -> None:
    """A published value as a cross."""
    left, y = frame.x(x), frame.y(value)
    d = f"M{left - 4:.1f} {y - 4:.1f}l8 8M{left - 4:.1f} {y + 4:.1f}l8 -8"
    frame.add("path", element("title", f"published: {percent(value)} %"), class_="cross", d=d)
