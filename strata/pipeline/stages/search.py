"""Selection among the trials of a random search, by accuracy in inner folds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from strata.errors import StrataError
from strata.pipeline.graph.decorators import optional_inputs_stage, stage
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.stage import Node


@optional_inputs_stage(role="selection")
def select_trial(
    trials: Sequence[Sequence[Mapping[str, Any] | None]], tests: Sequence[Subset], train: Subset
) -> dict[str, Any]:
    """Trial with the highest accuracy on held-out images; of equal ones, the first.

    Args:
        trials: for each trial, its scores of the images held out in each part; None where its
            training diverged, which counts as none recognized.
        tests: the images held out in each part.
        train: all that may be known of, with labels: they hold those of `tests`.

    Returns:
        `trial`, its number from 0, and `accuracies` (trials,) float64.

    Raises:
        StrataError: no trial came to an end.
    """
    label = dict(zip(train.ids, train.y.tolist(), strict=True))
    truth = [np.array([label[name] for name in test.ids]) for test in tests]
    if not any(part for trial in trials for part in trial):
        raise StrataError("The training of every trial diverged.", "Search lower rates.")
    right = [
        np.concatenate(
            [
                np.argmax(part["scores"], axis=1) == y if part else np.zeros(len(y), bool)
                for part, y in zip(trial, truth, strict=True)
            ]
        )
        for trial in trials
    ]
    accuracies = np.mean(right, axis=1)
    return {"trial": int(np.argmax(accuracies)), "accuracies": accuracies}


@stage(role="selected scores")
def apply_selection(
    selection: Mapping[str, Any], scores: Mapping[str, Any], *, trial: int = 0
) -> dict[str, Any]:
    """Scores of a method with the parameters of the selected trial.

    Args:
        trial: number of the trial that the scores were made with.
    """
    if selection["trial"] != trial:
        raise StrataError(
            f"The search has selected trial {selection['trial'] + 1}, no longer {trial + 1}.",
            "Make again: what is done is kept.",
        )
    names = [name for name in ("scores", "probabilities") if name in scores]
    return {name: np.array(scores[name]) for name in names}


def without_search(scores: Node) -> Node:
    """Node that gave the scores selected by a search; without a search, the node itself."""
    if scores.stage.role != "selected scores":
        return scores
    _, found = scores.inputs
    assert isinstance(found, Node)
    return found
