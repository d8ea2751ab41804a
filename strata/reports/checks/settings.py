"""Checks of parameters: best values at the edge of a range, weight decay of the wrong size."""

from collections.abc import Iterator, Mapping
from typing import Any

from strata.reports.checks.base import NotApplicable, Observation, check
from strata.reports.comparison.ranking import Ranking
from strata.reports.comparison.searches import edges
from strata.reports.comparison.sweeps import sweeps
from strata.reports.formatting import number_of, parameter

#: Largest weight decay that is plausible where it is added to the gradient.
LARGEST_PENALTY = 0.005


@check(
    "R10",
    "Sweeps with the best value at their edge",
    "A better value may lie outside the swept range.",
    "Extend the sweep on that side.",
)
def sweep_edge(ranking: Ranking) -> Iterator[Observation]:
    """The best value of a numeric sweep is its smallest or largest.

    Not where nothing lies outside: below 0, and beyond all the images in a learning curve.
    """
    found = [s for s in sweeps(ranking) if s.numeric and s.parameter != "train_per_class"]
    if not any(len(sweep.values) > 2 for sweep in found):
        raise NotApplicable("no sweep over three numbers or more")
    for sweep in found:
        best = sweep.best
        side = "smallest" if best == sweep.values[0] else "largest"
        open_ended = side == "largest" or best != 0
        if len(sweep.values) > 2 and best in (sweep.values[0], sweep.values[-1]) and open_ended:
            yield Observation(
                "tip",
                f"{sweep.method}: the best {sweep.parameter} is {parameter(best)}, the {side} "
                f"of {number_of(len(sweep.values), 'value')}.",
                sweep.method,
            )


@check(
    "R14",
    "Random searches that pick values at the edge of a range",
    "A better value may lie outside the search space.",
    "Widen the range on that side.",
)
def search_edge(ranking: Ranking) -> Iterator[Observation]:
    """Ranges of a random search at whose edge most folds picked their value."""
    searched = [(row.method.name, row.method.search) for row in ranking.rows if row.method.search]
    if not any(not p.values for _, search in searched if search for p in search.parameters):
        raise NotApplicable("no search over a range of numbers")
    for name, search in searched:
        for searched_for, side, count in edges(search) if search else ():
            end = searched_for.low if side == "lower" else searched_for.high
            yield Observation(
                "tip",
                f"{name}: {count} of {number_of(len(search.picked), 'fold')} picked "
                f"{searched_for.name} near {parameter(end)}, the {side} end of its range.",
                name,
            )


@check(
    "R18",
    "Weight decay that is not decoupled",
    "Of optimizers other than AdamW it is added to the gradient, where the default of AdamW is a "
    "hundred times too strong.",
    "Set weight_decay to 0.0005 or less, or take the optimizer adamw.",
)
def penalty(ranking: Ranking) -> Iterator[Observation]:
    """Networks with a weight decay in AdamW's size and another optimizer; swept ones are meant."""
    trained = [(row.method, _with_decay(row.method.parameters)) for row in ranking.rows]
    if not any(found for _, found in trained):
        raise NotApplicable("no method trains a network")
    for method, found in trained:
        if any(name.endswith("weight_decay") for name in method.varied):
            continue
        for optimizer, decay in found:
            if optimizer != "adamw" and decay > LARGEST_PENALTY:
                yield Observation(
                    "tip",
                    f"{method.name}: weight_decay is {parameter(decay)} with the optimizer "
                    f"{optimizer}.",
                    method.name,
                )


def _with_decay(parameters: Mapping[str, Any]) -> list[tuple[str, float]]:
    """(optimizer, weight decay) of each section that has both."""
    sections = [parameters, *(v for v in parameters.values() if isinstance(v, Mapping))]
    return [
        (section["optimizer"], section["weight_decay"])
        for section in sections
        if section.keys() >= {"optimizer", "weight_decay"}
    ]
