"""Training histories: learning curves over epochs, and a check of convergence."""

from typing import Any, Literal, NamedTuple

import numpy as np

#: Cross-entropy, in nats, below which a training counts as converged.
SMALL_LOSS = 0.1

History = list[dict[str, Any]]


class Curve(NamedTuple):
    """One quantity over the epochs.

    Attributes:
        key: as in the history.
        epochs: (e,) float.
        folds: (folds, e) float, NaN where a fold stopped earlier.
        mean: (e,) float, over the folds that reached the epoch.
    """

    key: str
    epochs: np.ndarray
    folds: np.ndarray
    mean: np.ndarray


def curves(histories: list[History], name: str) -> list[Curve]:
    """Curve of a history key; for a name that ends with "/", of every key that begins with it."""
    keys = dict.fromkeys(key for history in histories for epoch in history for key in epoch)
    layers = name.endswith("/")
    return [
        _curve(histories, key) for key in keys if (key.startswith(name) if layers else key == name)
    ]


def _curve(histories: list[History], key: str) -> Curve:
    """Curve of one key, padded with NaN where folds stopped earlier."""
    length = max(len(history) for history in histories)
    values = np.full((len(histories), length), np.nan)
    epochs = np.arange(1, length + 1, dtype=float)
    for i, history in enumerate(histories):
        for e, epoch in enumerate(history):
            value = epoch.get(key)
            values[i, e] = np.nan if value is None else float(value)
            epochs[e] = float(epoch.get("epoch", epochs[e]))
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, values, 0).sum(axis=0) / known.sum(axis=0)
    return Curve(key, epochs, values, mean)


def training_problem(histories: list[History]) -> tuple[Literal["issue", "tip"] | None, str]:
    """Convergence problem of the trainings, as (severity, sentence); (None, "") without one.

    Judged by the training loss. An issue: a value that is not finite, or a final loss above 1.5
    times the minimum and more than `SMALL_LOSS` above it. A tip: a decrease of more than a fifth
    over the last fifth of the epochs while the loss is still above `SMALL_LOSS`, so that more
    epochs would have helped; histories of fewer than ten epochs are not judged for that.
    """
    losses = [
        np.array([epoch["loss"] for epoch in history if "loss" in epoch], float)
        for history in histories
    ]
    losses = [loss for loss in losses if loss.size]
    broken = sum(not np.isfinite(loss).all() for loss in losses)
    if broken:
        return "issue", f"the loss is NaN or infinite in {broken} of {len(losses)} trainings."
    rising = sum(loss[-1] > max(1.5 * loss.min(), loss.min() + SMALL_LOSS) for loss in losses)
    if rising:
        where = f"in {rising} of {len(losses)} trainings"
        return "issue", f"the loss ends far above its minimum {where}."
    falling = sum(_still_falling(loss) for loss in losses)
    if falling > len(losses) / 2:
        where = f"in {falling} of {len(losses)} trainings"
        return "tip", f"the loss was still decreasing at the end {where}."
    return None, ""


def _still_falling(loss: np.ndarray) -> bool:
    """True if the loss decreased by more than a fifth over the last fifth of the epochs."""
    last = len(loss) // 5
    if last < 2 or loss[-1] < SMALL_LOSS:
        return False
    return bool(loss[-1] < 0.8 * loss[-1 - last])
