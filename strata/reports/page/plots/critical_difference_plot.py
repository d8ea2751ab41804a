"""Critical difference diagram: ranked methods, with bars where none differ significantly."""

from collections.abc import Sequence

from markupsafe import Markup

from strata.reports.comparison.evaluation import SPLIT_NAMES
from strata.reports.comparison.pairs import Pair
from strata.reports.comparison.ranking import Ranking
from strata.reports.formatting import known, percent, shortened
from strata.reports.page.plots.svg import NAME_CHARACTER, Frame, text_width

STEP = 22


def tied_groups(names: Sequence[str], pairs: Sequence[Pair]) -> list[tuple[int, int]]:
    """Maximal runs (first, last) of the ranking without a significant pairwise difference.

    Runs of two or more that no other run contains: the bars of a critical difference diagram
    (J. Demsar, JMLR 7 (2006), 1-30, figure 1), here on the adjusted p-values of all pairs. A pair
    that could not be tested counts as not significant.
    """
    tied = {frozenset((p.first, p.second)) for p in pairs if not p.significant}
    runs: list[tuple[int, int]] = []
    for first in range(len(names)):
        last = first
        while last + 1 < len(names) and all(
            frozenset((names[i], names[last + 1])) in tied for i in range(first, last + 1)
        ):
            last += 1
        if last > first and not any(start <= first and last <= end for start, end in runs):
            runs.append((first, last))
    return runs


def critical_difference_drawing(ranking: Ranking) -> Markup | None:
    """Accuracy and interval of every ranked method, and a bar beside each tied group.

    None where no pair could be tested.
    """
    if ranking.basis is None or not any(pair.test for pair in ranking.pairs[ranking.basis]):
        return None
    found = ranking.on(ranking.basis)
    names = [row.method.name for row in ranking.rows if row.rank is not None]
    if len(names) < 2:
        return None
    joined = tied_groups(names, ranking.pairs[ranking.basis])
    split = SPLIT_NAMES[ranking.basis]
    ends = [end for name in names for end in found[name].interval if known(end)]
    values = [*ends, *(found[name].accuracy for name in names)]
    shown = [shortened(name, 26) for name in names]
    left = max(text_width(name, NAME_CHARACTER) for name in shown) + 16
    bars = 12 * len(joined)
    frame = Frame(
        (min(values), max(values)),
        (len(names) - 0.5, -0.5),
        width=left + 300 + bars + 14,
        height=STEP * len(names) + 46,
        left=left,
        right=bars + 14,
        top=4,
    )
    frame.axes(f"accuracy %, {split}", "", lambda v: percent(v, 0), str, y_ticks=[])
    for i, name in enumerate(names):
        evaluation, y = found[name], frame.y(i)
        frame.add("text", shown[i], class_="name", x=left - 12, y=y + 4, text_anchor="end")
        if known(evaluation.interval.low):
            low, high = (frame.x(end) for end in evaluation.interval)
            frame.add("line", class_="whisker", x1=low, x2=high, y1=y, y2=y)
        frame.add("circle", class_="dot on", cx=frame.x(evaluation.accuracy), cy=y, r=4)
    for column, (first, last) in enumerate(joined):
        x = frame.width - bars + 12 * column
        frame.add("line", class_="clique", x1=x, x2=x, y1=frame.y(first) - 6, y2=frame.y(last) + 6)
    described = "; ".join(", ".join(names[a : b + 1]) for a, b in joined)
    return frame.render(
        f"Critical difference diagram, {split}",
        f"No significant difference: {described}" if joined else "All differences are significant",
    )
