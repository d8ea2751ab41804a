"""What is learned from training vectors that a machine was not fitted on: C and probabilities."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np

from strata.errors import InputError
from strata.models.classifiers.decision_scores import columns
from strata.models.classifiers.svm_dual import Dual
from strata.models.classifiers.temperature_scaling import fit_temperature
from strata.splits import stratified_group_folds

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


def inner_folds(codes: np.ndarray, groups: np.ndarray, most: int, seed: int) -> np.ndarray | None:
    """The fold (n,) that each training vector is scored in, copies of one class in one.

    Copies that carry two labels may part: who has learned the other label gains nothing by it, and
    so every class is among what is learned from in every fold.

    Args:
        codes: (n,) int, the vectors' classes from 0.
        groups: (n,) int; vectors of one number are of copies of one picture.
        most: folds wanted; fewer where a class has fewer pictures.
        seed: of the folds.

    Returns:
        numbers from 0, or None where two folds cannot be had.
    """
    pictures, of = np.unique(np.stack([codes, groups]), axis=1, return_inverse=True)
    count = min(most, int(np.bincount(pictures[0]).min()))
    if count < 2:
        return None
    return stratified_group_folds(codes.tolist(), of.ravel().tolist(), folds=count, seed=seed)


def choose(problem: Dual, costs: Iterable[float], fold_of: np.ndarray) -> Choice:
    """Of some C the one whose machines recognize most vectors of folds that they have not seen.

    Args:
        problem: of all training vectors.
        costs: C to try, one or more; of equally good ones the first is taken.
        fold_of: as of `inner_folds`.
    """
    choices = [_judged(problem, C, fold_of) for C in costs]
    return max(choices, key=lambda choice: choice.accuracy or 0)


def _judged(problem: Dual, C: float, fold_of: np.ndarray) -> Choice:
    scores = columns(_unseen_scores(problem, C, fold_of))
    accuracy = float((scores.argmax(axis=1) == problem.codes).mean())
    return Choice(C, accuracy, fit_temperature(scores, problem.codes))


def _unseen_scores(problem: Dual, C: float, fold_of: np.ndarray) -> np.ndarray:
    """Each training vector's scores (n, machines) by machines trained on the other folds."""
    scores = np.empty(problem.targets.shape)
    for fold in range(fold_of.max() + 1):
        train, held_out = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        solution = problem.solve(train, C)
        scores[held_out] = problem.scores(held_out, solution, trained_on=train)
    return scores
