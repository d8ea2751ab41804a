"""Last stage of every method: scores of all folds in one artifact."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from strata.pipeline.graph.decorators import stage
from strata.pipeline.graph.inputs import Subset


@stage(role="predictions")
def predictions(
    scores: Sequence[Mapping[str, Any]],
    tests: Sequence[Subset],
    *,
    folds: tuple[tuple[int, int], ...] = (),
) -> dict[str, Any]:
    """Scores of all folds, with the labels.

    Args:
        scores: an artifact a fold: `scores` (n, classes) and, where the method gives them,
            `probabilities` (n, classes).
        tests: the images of each fold that were scored, with their labels.
        folds: (repeat, fold) of each; (-1, -1) for the final test images.

    Returns:
        `ids` (n,) text, `labels`, `repeat` and `fold` (n,) int64, `scores` (n, classes) float64,
        `probabilities` likewise, NaN where there are none.
    """
    counts = [len(test) for test in tests]
    classes = len(tests[0].classes)
    missing = [np.full((n, classes), np.nan) for n in counts]
    return {
        "ids": np.array([name for test in tests for name in test.ids]),
        "labels": np.concatenate([test.y for test in tests]),
        "repeat": np.repeat([repeat for repeat, _ in folds], counts),
        "fold": np.repeat([fold for _, fold in folds], counts),
        "scores": np.concatenate([np.asarray(s["scores"], np.float64) for s in scores]),
        "probabilities": np.concatenate(
            [
                np.asarray(s["probabilities"], np.float64) if "probabilities" in s else none
                for s, none in zip(scores, missing, strict=True)
            ]
        ),
    }
