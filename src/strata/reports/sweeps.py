"""Variants of one method, ordered along the parameter that was varied."""

from dataclasses import dataclass, field
from typing import Any

from strata.reports.evaluation import Evaluation
from strata.reports.ranking import Ranked, Ranking


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
        return all(isinstance(v, int | float) and not isinstance(v, bool) for v in self.values)

    @property
    def best(self) -> Any:
        """The value with the highest accuracy, the first of equal ones."""
        scored = [(e.accuracy, v) for e, v in zip(self.evaluations, self.values, strict=True) if e]
        return max(scored, key=lambda pair: pair[0])[1] if scored else None


def sweeps(ranking: Ranking) -> list[Sweep]:
    """All sweeps with two scored values or more, a grid as one sweep per line of it.

    In a grid each parameter is followed at the best value of the others.
    """
    families: dict[str, list[Ranked]] = {}
    for row in ranking.rows:
        if row.method.variant_of and row.method.varied and row.rank is not None:
            families.setdefault(row.method.variant_of, []).append(row)
    found = []
    for method, rows in families.items():
        best = rows[0].method.varied
        for name in best:
            fixed = {key: value for key, value in best.items() if key != name}
            line = [row for row in rows if _without(row.method.varied, name) == fixed]
            if len(line) > 1:
                found.append(_sweep(ranking, method, name, fixed, line))
    return found


def _without(varied: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in varied.items() if key != name}


def _sweep(
    ranking: Ranking, method: str, name: str, fixed: dict[str, Any], line: list[Ranked]
) -> Sweep:
    order = {m.name: i for i, m in enumerate(ranking.comparison.methods)}
    line = sorted(line, key=lambda row: order[row.method.name])
    values = [row.method.varied.get(name) for row in line]
    if all(isinstance(value, int | float) for value in values):
        line = sorted(line, key=lambda row: float(row.method.varied[name]))
        values = [row.method.varied[name] for row in line]
    assert ranking.basis is not None
    scored = [row.evaluations.get(ranking.basis) for row in line]
    return Sweep(method, name, fixed, values, line, scored)
