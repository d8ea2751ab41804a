"""What is learned from training vectors that a machine was not fitted on: C and probabilities."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
from sklearn.model_selection import StratifiedKFold

from strata.errors import InputError
from strata.models.calibration import fit_temperature
from strata.models.dual import Dual
from strata.models.scores import columns

#: What `C="cv"` chooses from.
C_GRID = (0.01, 0.1, 1.0, 10.0, 100.0)


class Choice(NamedTuple):
    """What the inner folds say: the best C, their accuracy there, and the temperature."""

    C: float
    accuracy: float | None  #: None where there were no inner folds
    temperature: float


def to_try(C: float | Literal["cv"]) -> tuple[float, ...]:
    """The costs that an argument C stands for.

    Raises:
        InputError: neither a positive number nor "cv".
    """
    return C_GRID if isinstance(C, str) and C == "cv" else (positive("C", C),)


def positive(name: str, value: float | str) -> float:
    """A number that is to be one.

    Raises:
        InputError: it is not.
    """
    if isinstance(value, str) or not 0 < value < np.inf:
        raise InputError(f'{name} = {value!r}: it is a positive number or "cv".')
    return float(value)


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
