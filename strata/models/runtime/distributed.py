"""Several processes that train one network together, each on its part of every batch.

They are there when `torch.distributed` has been initialized, as a script that `torchrun` starts
does; otherwise there is one process, and nothing here does anything.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, distributed


def count() -> int:
    """How many processes there are."""
    there = distributed.is_available() and distributed.is_initialized()
    return distributed.get_world_size() if there else 1


def own() -> int:
    """This process's number, from 0."""
    return distributed.get_rank() if count() > 1 else 0


def own_part(n: int) -> tuple[int, int]:
    """First of n rows that are this process's, and the one after its last."""
    ranks, rank = count(), own()
    return n * rank // ranks, n * (rank + 1) // ranks


def add_up(tensors: Iterable[Tensor]) -> None:
    """Sum each tensor over all processes, in place; all of them travel together."""
    tensors = list(tensors)
    if count() == 1 or not tensors:
        return
    flat = torch.cat([t.reshape(-1).float() for t in tensors])
    distributed.all_reduce(flat)
    for tensor, total in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
        tensor.copy_(total.view(tensor.shape))


def as_first(tensors: Iterable[Tensor]) -> None:
    """Give each tensor the first process's values, in place."""
    if count() > 1:
        for tensor in tensors:
            distributed.broadcast(tensor, 0)


def wait() -> None:
    """Until all processes are here."""
    if count() > 1:
        distributed.barrier()


class Total(torch.autograd.Function):
    """The sum of a tensor over all processes, with its gradient."""

    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        """The same total everywhere."""
        total = own.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """All processes' losses hang on this process's part."""
        total = gradients[0].contiguous().clone()
        distributed.all_reduce(total)
        return total


def moments(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and variance of each channel of (b, channels, ...) over all processes' batches.

    Returns:
        mean and variance (channels,) float32, and the number of values that each is of.
    """
    places = [0, *range(2, x.dim())]
    x = x.float()
    values = x.new_tensor([x.numel() // x.shape[1]])
    sums = Total.apply(torch.cat([x.sum(places), values]))
    mean, n = sums[:-1] / sums[-1], sums[-1].detach()
    centered = x - mean.view(-1, *[1] * (x.dim() - 2))
    return mean, Total.apply(centered.square().sum(places)) / n, n
