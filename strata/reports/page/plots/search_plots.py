"""Random search: validation accuracy by trial, parallel coordinates, parameter importance."""

from typing import Any

import numpy as np
from markupsafe import Markup

from strata.reports.comparison.searches import (
    best_so_far,
    importance,
    mean_accuracies,
    picked_by,
    unit_values,
)
from strata.reports.formatting import listing, number_of, parameter, percent
from strata.reports.model.results import SearchedParameter, SearchResult
from strata.reports.page.plots.svg import CHARACTER, Frame, Scale, drawing, element

#: Parallel coordinates: preferred width, least distance of the axes, their height and top margin.
WIDTH, STEP, HEIGHT, TOP = 336, 84, 190, 34
#: Importance bars: length of 100 %, height of a line.
BAR_WIDTH, LINE = 200, 24


def search_section(search: SearchResult | None) -> dict[str, Any] | None:
    """Template context of a search."""
    if search is None:
        return None
    return {
        "parameters": [p.name for p in search.parameters],
        "trials": number_of(len(search.trials), "trial"),
        "rows": _rows(search),
        "history": trials_drawing(search),
        "parallel_coordinates": parallel_coordinates_drawing(search),
        "importance": importance_drawing(search),
    }


def _rows(search: SearchResult) -> list[dict[str, Any]]:
    """Table rows of the trials, best first."""
    means = mean_accuracies(search)
    lowest, highest = search.accuracies.min(axis=0), search.accuracies.max(axis=0)
    return [
        {
            "number": trial + 1,
            "values": [parameter(search.trials[trial][p.name]) for p in search.parameters],
            "accuracy": percent(means[trial]),
            "range": f"{percent(lowest[trial], 0)}–{percent(highest[trial], 0)}",
            "picked": listing(picked_by(search, trial)),
        }
        for trial in np.argsort(-means, kind="stable").tolist()
    ]


def trials_drawing(search: SearchResult) -> Markup:
    """Validation accuracy of each trial, and the best so far as a line."""
    means, best = mean_accuracies(search), best_so_far(search)
    numbers = np.arange(1, len(means) + 1)
    room = 0.08 * float(np.ptp(means)) or 0.01
    frame = Frame(
        (1, max(2, len(means))),
        (float(means.min()) - room, min(1.0, float(means.max()) + room)),
        width=320,
        height=260,
        top=26,
    )
    frame.axes("trial", "accuracy %, validation", lambda v: f"{v:g}", lambda v: percent(v, 0))
    frame.line(np.repeat(numbers, 2)[1:], np.repeat(best, 2)[:-1], "line")
    for number, mean in zip(numbers.tolist(), means.tolist(), strict=True):
        tip = element("title", f"trial {number}: {percent(mean)} %")
        frame.add("circle", tip, class_="dot", cx=frame.x(number), cy=frame.y(mean), r=3)
    return frame.render("Search history", f"Best trial {percent(best[-1])} %")


def parallel_coordinates_drawing(search: SearchResult) -> Markup:
    """Parallel coordinates: one line per trial through its values and its accuracy.

    The best quarter of the trials is emphasized.

    Source: A. Inselberg, "The plane with parallel coordinates", The Visual Computer 1 (1985).
    """
    means = mean_accuracies(search)
    low, high = float(means.min()), float(means.max())
    height = (means - low) / (high - low) if high > low else np.full(len(means), 0.5)
    table = np.column_stack([unit_values(search), height])
    names = [p.name.rpartition(".")[2] for p in search.parameters]
    ends = [*map(_ticks, search.parameters), [(0.0, percent(low)), (1.0, percent(high))]]
    left = CHARACTER * max(len(text) for _, text in ends[0]) + 14
    y = Scale(0.0, 1.0, TOP + HEIGHT, TOP)
    step = max(STEP, WIDTH / len(names))
    xs = [left + step * column for column in range(table.shape[1])]
    parts: list[Markup] = []
    order = np.argsort(means, kind="stable").tolist()
    for rank, trial in enumerate(order, start=1):
        best, good = rank == len(order), rank > 0.75 * len(order)
        points = "L".join(f"{x:.1f} {y(v):.1f}" for x, v in zip(xs, table[trial], strict=True))
        tip = element("title", f"trial {trial + 1}: {percent(means[trial])} %")
        style = "line warm" if best else "line" if good else "thin soft"
        parts.append(element("path", tip, class_=style, d=f"M{points}"))
    for x, name, ticks in zip(xs, [*names, "accuracy %"], ends, strict=True):
        parts.append(element("line", class_="axis", x1=x, x2=x, y1=TOP, y2=TOP + HEIGHT))
        parts.append(element("text", name, class_="title", x=x, y=TOP - 18, text_anchor="middle"))
        for value, text in ticks:
            parts.append(
                element("text", text, class_="label", x=x - 6, y=y(value) + 4, text_anchor="end")
            )
    width = xs[-1] + CHARACTER * 6
    return drawing(
        width, TOP + HEIGHT + 12, parts, "Parallel coordinates of the trials", ", ".join(names)
    )


def importance_drawing(search: SearchResult) -> Markup | None:
    """Parameter importance as bars in descending order; None where nothing can be said."""
    shares = importance(search)
    if shares is None:
        return None
    left = CHARACTER * max(map(len, shares)) + 12
    parts: list[Markup] = []
    for row, (name, share) in enumerate(sorted(shares.items(), key=lambda pair: -pair[1])):
        y = LINE * row
        parts += [
            element("text", name, class_="tick", x=left - 8, y=y + 16, text_anchor="end"),
            element("rect", class_="histogram", x=left, y=y + 5, width=BAR_WIDTH, height=14),
            element(
                "rect", class_="cell correct", x=left, y=y + 5, width=BAR_WIDTH * share, height=14
            ),
            element(
                "text", f"{percent(share, 0)} %", class_="label", x=left + BAR_WIDTH + 8, y=y + 16
            ),
        ]
    described = ", ".join(f"{name} {percent(share, 0)} %" for name, share in shares.items())
    return drawing(
        left + BAR_WIDTH + 52, LINE * len(shares), parts, "Parameter importance", described
    )


def _ticks(searched: SearchedParameter) -> list[tuple[float, str]]:
    """Ticks (position in [0, 1], text) of a parameter's axis."""
    if searched.values:
        last = max(1, len(searched.values) - 1)
        return [(i / last, parameter(value)) for i, value in enumerate(searched.values)]
    return [(0.0, parameter(searched.low)), (1.0, parameter(searched.high))]
