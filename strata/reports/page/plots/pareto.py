"""Accuracy against cost, with the Pareto front."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

from markupsafe import Markup

from strata.reports.formatting import known, listing, percent, percent_range, shortened
from strata.reports.model.results import MethodKind
from strata.reports.page.plots.method_markers import marker
from strata.reports.page.plots.svg import NAME_CHARACTER, Frame, text_width
from strata.reports.statistics.intervals import Interval

#: Characters of a label, at most.
LONGEST_NAME = 24


class Point(NamedTuple):
    """One method: cost, accuracy (fraction of one), interval, kind and rank."""

    name: str
    cost: float
    accuracy: float
    interval: Interval
    kind: MethodKind = ""
    rank: int | None = None


def pareto_front(points: Sequence[Point]) -> list[Point]:
    """The points that no other dominates in both cost and accuracy, by ascending cost."""
    best: list[Point] = []
    for point in sorted(points, key=lambda p: (p.cost, -p.accuracy)):
        if not best or point.accuracy > best[-1].accuracy:
            best.append(point)
    return best


def pareto_plot(
    points: Sequence[Point],
    x_title: str,
    text: Callable[[float | None], str],
    tick: Callable[[float], str],
    split: str,
) -> Markup | None:
    """Accuracy over a cost with the Pareto front; None if fewer than two methods have the cost.

    Args:
        points: methods.
        x_title: name of the cost.
        text: format of a cost with its unit.
        tick: format of an axis tick.
        split: on which accuracy was measured, for the axis.
    """
    points = [p for p in points if known(p.cost) and p.cost > 0]
    if len(points) < 2:
        return None
    frame = _frame(points)
    frame.axes(x_title, f"accuracy %, {split}", tick, lambda v: percent(v, 0))
    best = pareto_front(points)
    _draw_front(frame, best)
    for point in points:
        _draw_point(frame, point, point in best, text)
    _draw_labels(frame, points, best)
    names = listing((p.name for p in best), most=20)
    described = f"Pareto front: {names}"
    return frame.render(f"Accuracy against {x_title}, {split}", described)


def _frame(points: Sequence[Point]) -> Frame:
    """Axes that hold all points with their intervals; costs on a logarithmic scale."""
    costs = [p.cost for p in points]
    span = max(costs) / min(costs)
    pad = max(1.25, span**0.09)
    lows = [p.interval.low if known(p.interval.low) else p.accuracy for p in points]
    highs = [p.interval.high if known(p.interval.high) else p.accuracy for p in points]
    low, high = min(lows), max(highs)
    room = max(0.01, 0.06 * (high - low))
    return Frame(
        (min(costs) / pad, max(costs) * pad),
        (max(0.0, low - room), min(1.0, high + room)),
        width=460,
        height=320,
        top=26,
        right=24,
        log_x=True,
    )


def _draw_front(frame: Frame, best: Sequence[Point]) -> None:
    """Staircase along the Pareto front: between two points the cheaper one is best."""
    xs: list[float] = []
    ys: list[float] = []
    for point, following in zip(best, [*best[1:], None], strict=True):
        end = following.cost if following else frame.x_range[1]
        xs += [point.cost, end]
        ys += [point.accuracy, point.accuracy]
    frame.line(xs, ys, "front")


def _draw_point(frame: Frame, point: Point, on_front: bool, text: Callable) -> None:
    """Marker, interval and tooltip of one method."""
    x, y = frame.x(point.cost), frame.y(point.accuracy)
    if known(point.interval.low):
        low, high = frame.y(point.interval.low), frame.y(point.interval.high)
        frame.add("line", class_="whisker", x1=x, x2=x, y1=low, y2=high)
    accuracy = f"{percent(point.accuracy)} % ({percent_range(point.interval)})"
    tip = f"{point.name}: {accuracy}, {text(point.cost)}"
    frame.parts.append(marker(point.kind, x, y, 5, on=on_front, tip=tip))


def _draw_labels(frame: Frame, points: Sequence[Point], best: Sequence[Point]) -> None:
    """Labels beside their points where they overlap nothing, those of the Pareto front first.

    A point has its name, or where there is no room for that its rank.
    """
    taken = [_box(frame.x(p.cost) - 5, frame.y(p.accuracy) - 5, 10, 10) for p in points]
    order = [*sorted(best, key=lambda p: -p.accuracy), *(p for p in points if p not in best)]
    for point in order:
        x, y = frame.x(point.cost), frame.y(point.accuracy)
        texts = [shortened(point.name, LONGEST_NAME), *([str(point.rank)] if point.rank else [])]
        places = [*product(texts[:1], _PLACES), *product(texts[1:], _PLACES + _FURTHER)]
        for text, (dx, dy, anchor) in places:
            width = text_width(text, NAME_CHARACTER)
            left = x + dx - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
            box = _box(left, y + dy - 10, width, 13)
            inside = frame.left < box[0] and box[2] < frame.width
            fits = inside and frame.top - 12 < box[1] and box[3] < frame.height - frame.bottom
            if fits and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                style = "label on" if point in best else "label"
                frame.add("text", text, class_=style, x=x + dx, y=y + dy, text_anchor=anchor)
                break


_PLACES = [
    (8.0, -5.0, "start"), (-8.0, -5.0, "end"), (8.0, 14.0, "start"), (-8.0, 14.0, "end"),
    (8.0, 4.0, "start"), (-8.0, 4.0, "end"), (0.0, -10.0, "middle"), (0.0, 19.0, "middle"),
]  # fmt: skip

#: Places a little further away, for ranks.
_FURTHER = [
    (sign * (8.0 + 6.0 * ring), dy * ring, "start" if sign > 0 else "end")
    for ring in (2, 3)
    for dy in (-9.0, 9.0, 0.0)
    for sign in (1, -1)
]

Box = tuple[float, float, float, float]


def _box(x: float, y: float, width: float, height: float) -> Box:
    """Bounding box (left, top, right, bottom)."""
    return x, y, x + width, y + height


def _overlap(a: Box, b: Box) -> bool:
    """True if two boxes overlap."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
