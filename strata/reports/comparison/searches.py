"""What a random search tells: the best so far, what mattered, and whether it looked far enough."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from strata.reports.model.results import Search, Searched

#: With fewer trials, what mattered is anybody's guess.
ENOUGH = 10
#: A value in this outer part of its range is on the edge.
EDGE = 0.05
TREES = 64
#: Trials over which the other parameters' values are averaged, at most.
OTHERS = 60


def accuracies(search: Search) -> np.ndarray:
    """(trials,) float64: mean over the folds of cross-validation, or else of the final one."""
    crossed = ~np.array(search.final)
    return search.accuracies[crossed if crossed.any() else slice(None)].mean(axis=0)


def best_so_far(search: Search) -> np.ndarray:
    """(trials,) float64: the highest mean accuracy of a trial and those before it."""
    return np.maximum.accumulate(accuracies(search))


def picked_by(search: Search, trial: int) -> list[str]:
    """The folds that picked a trial."""
    return [fold for fold, taken in zip(search.folds, search.picked, strict=True) if taken == trial]


def place(parameter: Searched, value: Any) -> float:
    """Where a value lies in its range, from 0 to 1; values of a list lie side by side."""
    if parameter.low is None or parameter.high is None:
        return parameter.values.index(value) / max(1, len(parameter.values) - 1)
    if parameter.log:
        return float(np.log(value / parameter.low) / np.log(parameter.high / parameter.low))
    return (value - parameter.low) / (parameter.high - parameter.low)


def places(search: Search) -> np.ndarray:
    """(trials, parameters) float64: `place` of everything drawn."""
    return np.array(
        [[place(p, trial[p.name]) for p in search.parameters] for trial in search.trials]
    )


def importance(search: Search) -> dict[str, float] | None:
    """For each parameter, the share of the accuracy's variance that it explains by itself.

    First-order terms of the functional analysis of variance of a random forest fitted to the
    trials (Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing hyperparameter
    importance", ICML 2014), here over the values drawn. What is missing to 1 is of parameters
    that act together. None with fewer than `ENOUGH` trials, or where all trials did alike.
    """
    y = accuracies(search)
    if len(y) < ENOUGH or np.ptp(y) == 0:
        return None
    from sklearn.ensemble import RandomForestRegressor

    X = places(search)
    forest = RandomForestRegressor(TREES, min_samples_leaf=2, random_state=0).fit(X, y)
    rng = np.random.default_rng(0)
    anywhere = np.concatenate([rng.permuted(X, axis=0) for _ in range(20)])
    total = float(forest.predict(anywhere).var())
    if total == 0:
        return None
    return {
        parameter.name: min(1.0, float(_marginal(forest, X, column).var()) / total)
        for column, parameter in enumerate(search.parameters)
    }


def _marginal(forest: Any, X: np.ndarray, column: int) -> np.ndarray:
    """(trials,): what the forest expects at each value of a column, over all other columns."""
    values, at = np.unique(X[:, column], return_inverse=True)
    others = X[:OTHERS]
    grid = np.tile(others, (len(values), 1))
    grid[:, column] = np.repeat(values, len(others))
    return forest.predict(grid).reshape(len(values), -1).mean(axis=1)[at]


def edges(search: Search) -> Iterator[tuple[Searched, str, int]]:
    """Ranges at whose edge most folds picked: parameter, "lower" or "upper", how many folds."""
    for parameter in search.parameters:
        if parameter.values:
            continue
        taken = np.array(
            [place(parameter, search.trials[t][parameter.name]) for t in search.picked]
        )
        for side, count in (
            ("lower", int((taken <= EDGE).sum())),
            ("upper", int((taken >= 1 - EDGE).sum())),
        ):
            if 2 * count > len(taken):
                yield parameter, side, count
