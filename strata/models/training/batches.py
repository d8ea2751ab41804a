"""Training images, and the batches that an epoch cuts them into."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from strata.models.runtime import distributed
from strata.models.runtime.image_source import Streamed
from strata.models.training import augment
from strata.models.training.distillation import SoftLabels


@dataclass
class Images:
    """Images, or activations, and their class numbers, on the training's device or on the way."""

    pixels: Tensor | Streamed  #: (n, side, side, 3) uint8, or (n, h, w, channels) floating
    labels: Tensor  #: (n,) int64
    soft: SoftLabels | None = None  #: what a teacher says of them

    def __len__(self) -> int:
        return len(self.labels)


class Batch(NamedTuple):
    """What one step trains on."""

    rows: Tensor  #: (b,) int64, of the training images
    draws: augment.Draws  #: what happens to them

    def own(self) -> "Batch":
        """This process's part, where there are several; before it, what mixup blends in."""
        n = len(self.rows)
        start, end = distributed.own_part(n)
        if end - start == n:
            return self
        places = torch.arange(start - 1, end, device=self.rows.device) % n
        return Batch(self.rows[places], self.draws.take(places))


def batch_bounds(n: int, batch: int) -> list[slice]:
    """Cut n rows into batches of at most `batch` whose sizes differ by one at most.

    No batch has a single row, which batch normalization cannot learn from (n = 1 apart): where
    halving leaves one, as in 3 rows by 2, a batch is larger by one instead.
    """
    count = max(1, min(math.ceil(n / batch), n // 2))
    edges = [n * i // count for i in range(count + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]
