"""What is learned from training vectors that a machine was not fitted on: C and probabilities."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import StratifiedKFold

from strata.models.calibration import fit_temperature
from strata.models.dual import Dual
from strata.models.scores import columns


class Choice(NamedTuple):
    """What the inner folds say: the best C, their accuracy there, and the temperature."""

    C: float
    accuracy: float | None  #: None where there were no inner folds
    temperature: float


def choose(problem: Dual, costs: Iterable[float], folds: int, seed: int) -> Choice:
    """Of some C the one whose machines recognise most vectors of folds that they have not seen.

    Args:
        problem: of all training vectors.
        costs: C to try, one or more; of equally good ones the first is taken.
        folds: stratified; 2 or more, and not more than the smallest class has vectors.
        seed: of the folds.
    """
    return max(
        (_judged(problem, C, folds, seed) for C in costs), key=lambda choice: choice.accuracy or 0
    )


def _judged(problem: Dual, C: float, folds: int, seed: int) -> Choice:
    scores = columns(_unseen_scores(problem, C, folds, seed))
    accuracy = float((scores.argmax(axis=1) == problem.codes).mean())
    return Choice(C, accuracy, fit_temperature(scores, problem.codes))


def _unseen_scores(problem: Dual, C: float, folds: int, seed: int) -> np.ndarray:
    """Each training vector's scores (n, machines) by machines trained on the other folds."""
    scores = np.empty(problem.targets.shape)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for train, held_out in splitter.split(np.zeros(len(scores)), problem.codes):
        solution = problem.solve(train, C)
        scores[held_out] = problem.scores(held_out, *solution, trained_on=train)
    return scores
