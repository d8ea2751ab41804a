"""Names of lines in a column at the right of a plot, each beside a sample of its line."""

from collections.abc import Sequence
from typing import NamedTuple

from strata.reports.page.plots.label_places import spread
from strata.reports.page.plots.svg import NAME_CHARACTER, Frame, text_width

#: Length of the sample of a line, and width of the gap that leads to it, in pixels.
SAMPLE, GAP = 22, 16
#: Smallest distance between names, in pixels.
LINE = 15
#: Styles of dashes, for lines of one color.
DASHES = ("", "dash1", "dash2", "dash3", "dash4")


class LineName(NamedTuple):
    """A line's name: `style` is that of the line, `label` that of the text; where the line ends."""

    text: str
    style: str
    label: str
    end: tuple[float, float]


def column_width(names: Sequence[str]) -> float:
    """Width of the column, which is the right margin of the plot, in pixels."""
    return GAP + SAMPLE + 6 + max((text_width(n, NAME_CHARACTER) for n in names), default=0) + 4


def name_lines(frame: Frame, names: Sequence[LineName]) -> None:
    """Draw the names at the heights where the lines end, moved apart, with a thin leader to each.

    Args:
        frame: with a right margin of `column_width`.
        names: `end` in the values of the scales.
    """
    edge = frame.width - frame.right
    ends = [(frame.x(name.end[0]), frame.y(name.end[1])) for name in names]
    floor = frame.height - frame.bottom
    for name, (x, y), place in zip(
        names, ends, spread([y for _, y in ends], LINE, floor), strict=True
    ):
        frame.add("line", class_="leader", x1=x, y1=y, x2=edge + GAP, y2=place)
        frame.add("line", class_=name.style, x1=edge + GAP, y1=place, x2=edge + GAP + SAMPLE,
                  y2=place)  # fmt: skip
        frame.add("text", name.text, class_=name.label, x=edge + GAP + SAMPLE + 6, y=place + 4)
