"""Analysis of a random search: incumbent, hyperparameter importance, picks at a range's edge."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from strata.reports.model.results import SearchedParameter, SearchResult

#: Number of trials below which importance is not estimated.
MIN_TRIALS = 10
#: A value in this outer fraction of its range is at the edge.
EDGE = 0.05
#: Size of the random forest behind `importance`.
TREES = 64
#: Permutations of the accuracies that the forest must predict less well than the accuracies.
PERMUTATIONS = 19
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
    here over the values sampled. What is missing to 1 is due to interactions. None where nothing
    can be said: with fewer than `MIN_TRIALS` trials, or where the forest predicts the accuracy of
    trials left out (out of bag) no better than forests fitted to permuted accuracies do.
    """
    shares = _main_effects(tuple(map(tuple, unit_values(search))), tuple(mean_accuracies(search)))
    if shares is None:
        return None
    return {p.name: share for p, share in zip(search.parameters, shares, strict=True)}


@lru_cache(maxsize=64)  # of a report: page, archive, results.json and figures ask for the same
def _main_effects(
    rows: tuple[tuple[float, ...], ...], accuracies: tuple[float, ...]
) -> list[float] | None:
    """Shares of variance by column; None where the forest does not predict."""
    X, y = np.array(rows), np.array(accuracies)
    if len(y) < MIN_TRIALS or np.ptp(y) == 0:
        return None
    forest = _forest(X, y)
    if not _predicts(forest, X, y):
        return None
    rng = np.random.default_rng(0)
    background = np.concatenate([rng.permuted(X, axis=0) for _ in range(20)])
    total = float(forest.predict(background).var())
    if total == 0:
        return None
    columns = range(X.shape[1])
    return [min(1.0, float(_marginal(forest, X, c).var()) / total) for c in columns]


def _forest(X: np.ndarray, y: np.ndarray) -> Any:
    """Random forest with its out-of-bag R^2, fitted to the trials."""
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(TREES, min_samples_leaf=2, random_state=0, oob_score=True)
    return forest.fit(X, y)


def _predicts(forest: Any, X: np.ndarray, y: np.ndarray) -> bool:
    """True if the out-of-bag R^2 is above 0 and above that of every forest on permuted accuracies.

    A permutation test at a level of 1 / (`PERMUTATIONS` + 1), 5 %.
    """
    rng = np.random.default_rng(0)
    return forest.oob_score_ > 0 and all(
        _forest(X, rng.permutation(y)).oob_score_ < forest.oob_score_ for _ in range(PERMUTATIONS)
    )


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
