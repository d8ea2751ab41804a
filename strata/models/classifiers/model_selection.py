"""Inner cross-validation on the training vectors: choice of C, and calibration."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np

from strata.errors import InputError
from strata.models.classifiers.decision_scores import per_class_columns
from strata.models.classifiers.svm_dual import SVMDual
from strata.models.classifiers.temperature_scaling import fit_temperature
from strata.splits import stratified_group_folds

#: Values that `C="cv"` chooses from.
C_GRID = (0.01, 0.1, 1.0, 10.0, 100.0)


class InnerCVResult(NamedTuple):
    """The best C of the inner cross-validation."""

    C: float
    accuracy: float | None  #: over the inner folds; None without inner folds
    temperature: float  #: for temperature scaling of the scores


def candidate_costs(C: float | Literal["cv"]) -> tuple[float, ...]:
    """Values of C to try: `C_GRID` for "cv", else the number itself.

    Raises:
        InputError: neither a positive number nor "cv".
    """
    return C_GRID if isinstance(C, str) and C == "cv" else (check_positive("C", C),)


def check_positive(name: str, value: float | str) -> float:
    """A positive finite number as float.

    Raises:
        InputError: another value; the message names the parameter.
    """
    if isinstance(value, str) or not 0 < value < np.inf:
        raise InputError(f'{name} = {value!r}: it is a positive number or "cv".')
    return float(value)


def assign_inner_folds(
    codes: np.ndarray, groups: np.ndarray, n_folds: int, seed: int
) -> np.ndarray | None:
    """Fold number (n,) of each training vector; copies of an image stay in one fold.

    Copies that carry two labels may be separated: knowing the other label helps no classifier, and
    so every class is among the training vectors of every fold.

    Args:
        codes: (n,) int class numbers from 0.
        groups: (n,) int; vectors of one number are of copies of one image.
        n_folds: folds wanted; fewer where a class has fewer images.
        seed: of the assignment.

    Returns:
        numbers from 0, or None where there cannot be two folds.
    """
    images, of = np.unique(np.stack([codes, groups]), axis=1, return_inverse=True)
    count = min(n_folds, int(np.bincount(images[0]).min()))
    if count < 2:
        return None
    return stratified_group_folds(codes.tolist(), of.ravel().tolist(), folds=count, seed=seed)


def select_C(problem: SVMDual, costs: Iterable[float], fold_of: np.ndarray) -> InnerCVResult:
    """Choose the C with the highest accuracy over the inner folds.

    Args:
        problem: all training vectors.
        costs: values of C to try, one or more; of equally good ones the first is taken.
        fold_of: as `assign_inner_folds` returns it.
    """
    results = [_cross_validate(problem, C, fold_of) for C in costs]
    return max(results, key=lambda result: result.accuracy or 0)


def _cross_validate(problem: SVMDual, C: float, fold_of: np.ndarray) -> InnerCVResult:
    scores = per_class_columns(_held_out_scores(problem, C, fold_of))
    accuracy = float((scores.argmax(axis=1) == problem.codes).mean())
    return InnerCVResult(C, accuracy, fit_temperature(scores, problem.codes))


def _held_out_scores(problem: SVMDual, C: float, fold_of: np.ndarray) -> np.ndarray:
    """Decision values (n, classifiers), each vector's by classifiers fitted on the other folds."""
    scores = np.empty(problem.targets.shape)
    for fold in range(fold_of.max() + 1):
        train, held_out = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        solution = problem.solve(train, C)
        scores[held_out] = problem.scores(held_out, solution, trained_on=train)
    return scores
