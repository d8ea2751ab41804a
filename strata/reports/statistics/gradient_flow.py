"""Vanishing and exploding gradients in the history of a training.

Thresholds stand well between trainings that go right and that go wrong. On small trainings (16 x 16
images, 8 to 20 epochs) the first layer's gradient norm, in its best epoch, is at least 0.45 times
the last layer's in networks that learn (TinyNet, two convolutions, eight tanh layers), and at most
0.003 times in plain sigmoid networks of 5 to 12 layers, which learn nothing. The mean gradient norm
of an epoch rises to at most 4 times that of the first epoch in trainings that reach full accuracy,
and to 9 to 190 times that where the learning rate is too high to reach it.
"""

from typing import NamedTuple

import numpy as np

from strata.reports.statistics.convergence import History

NORM = "gradient_norm"
#: Layers from which on the ratio of first to last tells something.
MIN_LAYERS = 3
#: Ratio of the first layer's gradient norm to the last layer's that no epoch exceeds where
#: gradients vanish, and one that is as good as zero.
VANISHING, ZERO = 0.01, 1e-6
#: Rise of an epoch's gradient norm over the first epoch's from which on gradients explode.
EXPLODING = 5.0


class GradientFlow(NamedTuple):
    """Gradient norms of one training, in the epochs in which its first layer was trained.

    Attributes:
        first, last: names of the layers.
        epochs: (e,) float.
        ratio: (e,) float, norm of the first layer's gradient over that of the last layer's.
        norm: (e,) float, mean over the steps of the epoch of the whole network's norm.
    """

    first: str
    last: str
    epochs: np.ndarray
    ratio: np.ndarray
    norm: np.ndarray

    @property
    def vanishes(self) -> bool:
        """True if the first layer has hardly any gradient in every epoch, or none at the end."""
        return bool(self.ratio.max() < VANISHING or self.ratio[-1] < ZERO)

    @property
    def rise(self) -> float:
        """Largest norm of an epoch over that of the first epoch; NaN where norms are unknown."""
        first = self.norm[0]
        return float(self.norm.max() / first) if first > 0 else float("nan")

    @property
    def explodes(self) -> bool:
        """True if the gradient norm has risen far above that of the first epoch."""
        return self.rise > EXPLODING


def gradient_flow(history: History) -> GradientFlow | None:
    """Gradient norms of a training; None of one with fewer than `MIN_LAYERS` layers recorded.

    Epochs that train a new head alone are left out.
    """
    recorded = [[key for key in epoch if key.startswith(f"{NORM}/")] for epoch in history]
    layers = max(recorded, key=len, default=[])
    whole = [epoch for epoch in history if all(epoch.get(key) is not None for key in layers)]
    if len(layers) < MIN_LAYERS or not whole:
        return None
    first, last = layers[0], layers[-1]
    ends = np.array([[epoch[first], epoch[last]] for epoch in whole], float)
    return GradientFlow(
        first.partition("/")[2],
        last.partition("/")[2],
        np.array([epoch.get("epoch", i) for i, epoch in enumerate(whole, start=1)], float),
        ends[:, 0] / np.maximum(ends[:, 1], np.finfo(float).tiny),
        np.array([epoch.get(NORM, np.nan) for epoch in whole], float),
    )
