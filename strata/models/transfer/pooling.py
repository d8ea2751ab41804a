"""Outputs at a network's nodes as one vector an image, which a head learns from."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from strata.errors import InputError
from strata.models.transfer.subgraph import pool

Form = Literal["pooled", "rooted"]
#: What a vector of length 1 is small against: below, the root is a line, and its slope finite.
_SMALL = 1e-5


class Embedding(nn.Module):
    """Each output's mean over its places, one after another.

    Args:
        widths: length of each output's vector.
        form: "pooled": the means. "rooted": each output's vector has length 1, then the signed
            root of each component is taken, less its mean over the training images when training
            begins. The root evens out components that few large activations dominate (Jegou and
            Chum, "Negative evidences and co-occurences in image retrieval", ECCV 2012), which is
            what `CenteredPower` does for a linear machine.

    Attributes:
        outputs: how many there are.
        width: of the vectors, the sum of `widths`.
        center: (width,) what is subtracted of rooted vectors; zeros until it is set.
    """

    center: Tensor | None

    def __init__(self, widths: Sequence[int], form: Form) -> None:
        super().__init__()
        if form not in ("pooled", "rooted"):
            raise InputError(f"embedding must be 'pooled' or 'rooted': {form!r}.")
        self.outputs, self.width = len(widths), sum(widths)
        self.register_buffer("center", torch.zeros(self.width) if form == "rooted" else None)

    def forward(self, outputs: Sequence[Tensor]) -> Tensor:
        """Maps (b, d, h, w), tokens (b, t, d) or vectors (b, d) -> (b, width) float32."""
        vectors = [pool(output.float()) for output in outputs]
        if self.center is None:
            return torch.cat(vectors, 1)
        unit = torch.cat([nn.functional.normalize(v) for v in vectors], 1)
        return unit * (unit.abs() + _SMALL).rsqrt() - self.center

    def center_on(self, vectors: Tensor) -> Tensor:
        """The training images' (n, width) vectors, less their mean, as all are from now on."""
        if self.center is None:
            return vectors
        mean = vectors.mean(0)
        self.center += mean
        return vectors - mean
