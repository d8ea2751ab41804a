"""Parameter sweeps: variants of one method, in one dimension or on a grid of two."""

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from strata.reports.comparison.evaluation import Evaluation
from strata.reports.comparison.ranking import RankedMethod, Ranking


@dataclass(frozen=True)
class Sweep:
    """Variants of one method that differ in one parameter.

    Attributes:
        method: the method that was varied.
        parameter: dotted name of the swept parameter.
        fixed: the other swept parameters (of a grid) and their value here.
        values: numbers ascending, else as listed.
        rows: one per value.
        evaluations: on the split that ranks, None where a variant has none.
    """

    method: str
    parameter: str
    fixed: dict[str, Any]
    values: list[Any]
    rows: list[RankedMethod] = field(repr=False)
    evaluations: list[Evaluation | None] = field(repr=False)

    @property
    def numeric(self) -> bool:
        """True if all values are numbers, so that their order is meaningful."""
        return _are_numbers(self.values)

    @property
    def best(self) -> Any:
        """The value with the highest accuracy, the first of tied ones."""
        scored = [(e.accuracy, v) for e, v in zip(self.evaluations, self.values, strict=True) if e]
        return max(scored, key=lambda pair: pair[0])[1] if scored else None


@dataclass(frozen=True)
class SweepGrid:
    """Variants of one method over two parameters.

    Attributes:
        method: the method that was varied.
        parameters: the two, that of the rows first.
        fixed: the other swept parameters and their value here: the best variant's.
        values: of the rows and of the columns, in order.
        cells: (rows, columns) of variants, None where one is missing or has no scores.
    """

    method: str
    parameters: tuple[str, str]
    fixed: dict[str, Any]
    values: tuple[list[Any], list[Any]]
    cells: list[list[RankedMethod | None]] = field(repr=False)


def sweep_grids(ranking: Ranking) -> list[SweepGrid]:
    """A grid for every two parameters that were varied together, with two values or more each."""
    found = []
    for method, rows in _variants_by_method(ranking).items():
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
    plane: list[RankedMethod],
) -> SweepGrid:
    """Grid of two parameters, of the variants that share the fixed ones."""
    listed = [m.varied for m in ranking.comparison.methods if m.variant_of == method]
    rows, columns = (
        _ordered(
            [v[name] for v in listed if name in v], among=[r.method.varied[name] for r in plane]
        )
        for name in parameters
    )
    cells: list[list[RankedMethod | None]] = [[None] * len(columns) for _ in rows]
    for row in plane:
        y, x = (row.method.varied[name] for name in parameters)
        cells[rows.index(y)][columns.index(x)] = row
    return SweepGrid(method, parameters, fixed, (rows, columns), cells)


def _ordered(values: list[Any], among: list[Any]) -> list[Any]:
    """Unique values that occur in `among`, numbers ascending, else as listed."""
    different: list[Any] = []
    for value in values:
        if value in among and value not in different:
            different.append(value)
    return sorted(different) if _are_numbers(different) else different


def _are_numbers(values: list[Any]) -> bool:
    """True if all values are numbers; booleans are not."""
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _variants_by_method(ranking: Ranking) -> dict[str, list[RankedMethod]]:
    """Scored variants by the method that they are variants of, best first."""
    variants: dict[str, list[RankedMethod]] = {}
    for row in ranking.rows:
        if row.method.variant_of and row.method.varied and row.rank is not None:
            variants.setdefault(row.method.variant_of, []).append(row)
    return variants


def sweeps(ranking: Ranking) -> list[Sweep]:
    """All sweeps with two scored values or more, a grid as one sweep along each parameter.

    In a grid each parameter is swept at the best values of the others.
    """
    found = []
    for method, rows in _variants_by_method(ranking).items():
        best = rows[0].method.varied
        for name in best:
            fixed = {key: value for key, value in best.items() if key != name}
            line = [row for row in rows if _without(row.method.varied, name) == fixed]
            if len(line) > 1:
                found.append(_sweep(ranking, method, name, fixed, line))
    return found


def _without(varied: dict[str, Any], *names: str) -> dict[str, Any]:
    """The swept parameters without some names."""
    return {key: value for key, value in varied.items() if key not in names}


def _sweep(
    ranking: Ranking, method: str, name: str, fixed: dict[str, Any], line: list[RankedMethod]
) -> Sweep:
    """Sweep over one parameter, its variants in order."""
    order = {m.name: i for i, m in enumerate(ranking.comparison.methods)}
    line = sorted(line, key=lambda row: order[row.method.name])
    values = [row.method.varied.get(name) for row in line]
    if _are_numbers(values):
        line = sorted(line, key=lambda row: float(row.method.varied[name]))
        values = [row.method.varied[name] for row in line]
    assert ranking.basis is not None
    scored = [row.evaluations.get(ranking.basis) for row in line]
    return Sweep(method, name, fixed, values, line, scored)
