"""Variants of one method, ordered along the parameters that were varied."""

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from strata.reports.comparison.evaluation import Evaluation
from strata.reports.comparison.ranking import Ranked, Ranking


@dataclass(frozen=True)
class Sweep:
    """Variants of one method that differ in one parameter.

    Attributes:
        fixed: the other varied parameters (of a grid) and the value they have here.
        values: in order: numbers ascending, else as listed.
        rows: one per value.
        evaluations: on the split that ranks, None where a variant has none.
    """

    method: str
    parameter: str
    fixed: dict[str, Any]
    values: list[Any]
    rows: list[Ranked] = field(repr=False)
    evaluations: list[Evaluation | None] = field(repr=False)

    @property
    def numeric(self) -> bool:
        """All values are numbers, so that the order means something."""
        return _are_numbers(self.values)

    @property
    def best(self) -> Any:
        """The value with the highest accuracy, the first of equal ones."""
        scored = [(e.accuracy, v) for e, v in zip(self.evaluations, self.values, strict=True) if e]
        return max(scored, key=lambda pair: pair[0])[1] if scored else None


@dataclass(frozen=True)
class Grid:
    """Variants of one method over two parameters.

    Attributes:
        parameters: the two, that of the rows first.
        fixed: the other varied parameters and the value they have here: the best variant's.
        values: of the rows and of the columns, in order.
        cells: (rows, columns) of variants, None where one is missing or has no scores.
    """

    method: str
    parameters: tuple[str, str]
    fixed: dict[str, Any]
    values: tuple[list[Any], list[Any]]
    cells: list[list[Ranked | None]] = field(repr=False)


def grids(ranking: Ranking) -> list[Grid]:
    """A grid for every two parameters that were varied together, with two values or more each."""
    found = []
    for method, rows in _families(ranking).items():
        best = rows[0].method.varied
        for first, second in combinations(best, 2):
            fixed = {k: v for k, v in best.items() if k not in (first, second)}
            plane = [row for row in rows if _without(row.method.varied, first, second) == fixed]
            grid = _grid(ranking, method, (first, second), fixed, plane)
            if min(map(len, grid.values)) > 1:
                found.append(grid)
    return found


def _grid(
    ranking: Ranking,
    method: str,
    parameters: tuple[str, str],
    fixed: dict[str, Any],
    plane: list[Ranked],
) -> Grid:
    listed = [m.varied for m in ranking.comparison.methods if m.variant_of == method]
    rows, columns = (
        _ordered(
            [v[name] for v in listed if name in v], among=[r.method.varied[name] for r in plane]
        )
        for name in parameters
    )
    cells: list[list[Ranked | None]] = [[None] * len(columns) for _ in rows]
    for row in plane:
        y, x = (row.method.varied[name] for name in parameters)
        cells[rows.index(y)][columns.index(x)] = row
    return Grid(method, parameters, fixed, (rows, columns), cells)


def _ordered(values: list[Any], among: list[Any]) -> list[Any]:
    """Different values, numbers ascending, else as listed; only those that are `among` some."""
    different: list[Any] = []
    for value in values:
        if value in among and value not in different:
            different.append(value)
    return sorted(different) if _are_numbers(different) else different


def _are_numbers(values: list[Any]) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _families(ranking: Ranking) -> dict[str, list[Ranked]]:
    """Scored variants by the method that they are variants of, best first."""
    families: dict[str, list[Ranked]] = {}
    for row in ranking.rows:
        if row.method.variant_of and row.method.varied and row.rank is not None:
            families.setdefault(row.method.variant_of, []).append(row)
    return families


def sweeps(ranking: Ranking) -> list[Sweep]:
    """All sweeps with two scored values or more, a grid as one sweep per line of it.

    In a grid each parameter is followed at the best value of the others.
    """
    found = []
    for method, rows in _families(ranking).items():
        best = rows[0].method.varied
        for name in best:
            fixed = {key: value for key, value in best.items() if key != name}
            line = [row for row in rows if _without(row.method.varied, name) == fixed]
            if len(line) > 1:
                found.append(_sweep(ranking, method, name, fixed, line))
    return found


def _without(varied: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in varied.items() if key not in names}


def _sweep(
    ranking: Ranking, method: str, name: str, fixed: dict[str, Any], line: list[Ranked]
) -> Sweep:
    order = {m.name: i for i, m in enumerate(ranking.comparison.methods)}
    line = sorted(line, key=lambda row: order[row.method.name])
    values = [row.method.varied.get(name) for row in line]
    if _are_numbers(values):
        line = sorted(line, key=lambda row: float(row.method.varied[name]))
        values = [row.method.varied[name] for row in line]
    assert ranking.basis is not None
    scored = [row.evaluations.get(ranking.basis) for row in line]
    return Sweep(method, name, fixed, values, line, scored)
