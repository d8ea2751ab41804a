"""Training images with their labels, and the mini-batches of an epoch."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from strata.models.runtime import distributed
from strata.models.runtime.image_source import StreamedTensor
from strata.models.training import augment
from strata.models.training.distillation import SoftLabels


@dataclass
class Images:
    """Images (or activations) with class numbers, on the training's device or streamed to it."""

    pixels: Tensor | StreamedTensor  #: (n, size, size, 3) uint8, or (n, h, w, channels) floating
    labels: Tensor  #: (n,) int64
    soft_labels: SoftLabels | None = None  #: of a teacher

    def __len__(self) -> int:
        return len(self.labels)


class Batch(NamedTuple):
    """A mini-batch: rows of the training images, and their augmentation."""

    rows: Tensor  #: (b,) int64
    draws: augment.Draws

    def rank_slice(self) -> "Batch":
        """This process's slice in data-parallel training, the whole batch in a single process.

        A slice begins with one row more, the last of the slice before, which mixup blends with.
        """
        n = len(self.rows)
        start, end = distributed.rank_bounds(n)
        if end - start == n:
            return self
        places = torch.arange(start - 1, end, device=self.rows.device) % n
        return Batch(self.rows[places], self.draws.take(places))


def batch_bounds(n: int, batch_size: int) -> list[slice]:
    """Split n rows into batches of at most `batch_size` whose sizes differ by one at most.

    No batch has a single row, from which batch normalization cannot estimate a variance (n = 1
    apart): where halving leaves one, as in 3 rows by 2, a batch is larger by one instead.
    """
    count = max(1, min(math.ceil(n / batch_size), n // 2))
    edges = [n * i // count for i in range(count + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]
