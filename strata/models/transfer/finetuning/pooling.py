"""Embedding of a network's outputs: pooled, concatenated and optionally power-normalized."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from strata.errors import InputError
from strata.models.transfer.subgraph import global_pool

EmbeddingForm = Literal["pooled", "power_norm"]
#: Added to |x| under the root, for vectors of length 1: keeps the slope at 0 finite.
_EPSILON = 1e-5


class Embedding(nn.Module):
    """Global average pooling of each output, concatenated to one vector per image.

    Args:
        widths: length of each output's vector.
        form: "pooled": the means. "power_norm": each output's vector is scaled to length 1, then
            the signed square root of each component is taken, less its mean over the training
            images at the start of training. The root evens out components that few large
            activations dominate (Jegou and Chum, "Negative evidences and co-occurences in image
            retrieval", ECCV 2012), as `CenteredPower` of `strata.features` does for linear
            classifiers.

    Attributes:
        n_outputs: number of outputs.
        width: length of the vectors, the sum of `widths`.
        center: (width,) mean that "power_norm" subtracts; zeros until it is set.
    """

    center: Tensor | None

    def __init__(self, widths: Sequence[int], form: EmbeddingForm) -> None:
        super().__init__()
        if form not in ("pooled", "power_norm"):
            raise InputError(f"embedding must be 'pooled' or 'power_norm': {form!r}.")
        self.n_outputs, self.width = len(widths), sum(widths)
        self.register_buffer("center", torch.zeros(self.width) if form == "power_norm" else None)

    def forward(self, outputs: Sequence[Tensor]) -> Tensor:
        """Maps (b, d, h, w), tokens (b, t, d) or vectors (b, d) -> (b, width) float32."""
        vectors = [global_pool(output.float()) for output in outputs]
        if self.center is None:
            return torch.cat(vectors, 1)
        unit = torch.cat([nn.functional.normalize(v) for v in vectors], 1)
        return unit * (unit.abs() + _EPSILON).rsqrt() - self.center

    def fit_center(self, vectors: Tensor) -> Tensor:
        """Set the center to the mean of (n, width) embeddings; returns them centered."""
        if self.center is None:
            return vectors
        mean = vectors.mean(0)
        self.center += mean
        return vectors - mean
