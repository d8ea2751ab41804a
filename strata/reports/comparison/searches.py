"""Analysis of a random search: incumbent, hyperparameter importance, picks at a range's edge."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from strata.reports.model.results import SearchedParameter, SearchResult

#: Number of trials below which importance is not estimated.
MIN_TRIALS = 10
#: A value in this outer fraction of its range is at the edge.
EDGE = 0.05
#: Size of the random forest behind `importance`.
TREES = 64
#: Trials over which the other parameters are marginalized, at most.
MAX_MARGINALIZED = 60


def mean_accuracies(search: SearchResult) -> np.ndarray:
    """(trials,) float64: validation accuracy, mean over the folds, final excluded if possible."""
    crossed = ~np.array(search.final)
    return search.accuracies[crossed if crossed.any() else slice(None)].mean(axis=0)


def best_so_far(search: SearchResult) -> np.ndarray:
    """(trials,) float64: running maximum of the mean accuracy (the incumbent)."""
    return np.maximum.accumulate(mean_accuracies(search))


def picked_by(search: SearchResult, trial: int) -> list[str]:
    """Names of the folds that picked a trial."""
    return [
        fold for fold, picked in zip(search.folds, search.picked, strict=True) if picked == trial
    ]


def unit_value(parameter: SearchedParameter, value: Any) -> float:
    """A value mapped to [0, 1] along its range; values of a list are evenly spaced."""
    if parameter.low is None or parameter.high is None:
        return parameter.values.index(value) / max(1, len(parameter.values) - 1)
    if parameter.log:
        return float(np.log(value / parameter.low) / np.log(parameter.high / parameter.low))
    return (value - parameter.low) / (parameter.high - parameter.low)


def unit_values(search: SearchResult) -> np.ndarray:
    """(trials, parameters) float64: `unit_value` of everything sampled."""
    return np.array(
        [[unit_value(p, trial[p.name]) for p in search.parameters] for trial in search.trials]
    )


def importance(search: SearchResult) -> dict[str, float] | None:
    """Main effect of each parameter: the share of the accuracy's variance that it explains alone.

    First-order terms of the functional ANOVA of a random forest fitted to the trials (Hutter, Hoos
    and Leyton-Brown, "An efficient approach for assessing hyperparameter importance", ICML 2014),
    here over the values sampled. What is missing to 1 is due to interactions. None with fewer than
    `MIN_TRIALS` trials, or where all trials have the same accuracy.
    """
    y = mean_accuracies(search)
    if len(y) < MIN_TRIALS or np.ptp(y) == 0:
        return None
    from sklearn.ensemble import RandomForestRegressor

    X = unit_values(search)
    forest = RandomForestRegressor(TREES, min_samples_leaf=2, random_state=0).fit(X, y)
    rng = np.random.default_rng(0)
    background = np.concatenate([rng.permuted(X, axis=0) for _ in range(20)])
    total = float(forest.predict(background).var())
    if total == 0:
        return None
    return {
        parameter.name: min(1.0, float(_marginal(forest, X, column).var()) / total)
        for column, parameter in enumerate(search.parameters)
    }


def _marginal(forest: Any, X: np.ndarray, column: int) -> np.ndarray:
    """(trials,): marginal prediction of the forest at each value of a column."""
    values, at = np.unique(X[:, column], return_inverse=True)
    others = X[:MAX_MARGINALIZED]
    grid = np.tile(others, (len(values), 1))
    grid[:, column] = np.repeat(values, len(others))
    return forest.predict(grid).reshape(len(values), -1).mean(axis=1)[at]


def edges(search: SearchResult) -> Iterator[tuple[SearchedParameter, str, int]]:
    """Ranges at whose edge most folds picked: parameter, "lower" or "upper", number of folds."""
    for parameter in search.parameters:
        if parameter.values:
            continue
        picked = np.array(
            [unit_value(parameter, search.trials[t][parameter.name]) for t in search.picked]
        )
        for side, count in (
            ("lower", int((picked <= EDGE).sum())),
            ("upper", int((picked >= 1 - EDGE).sum())),
        ):
            if 2 * count > len(picked):
                yield parameter, side, count
