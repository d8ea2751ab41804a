"""Data-parallel training: several processes train one network, each on its slice of every batch.

The processes are those of `torch.distributed`, once it has been initialized (as a script that
`torchrun` starts does). Without it there is one process, and the functions here do nothing.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, distributed


def world_size() -> int:
    """Number of processes."""
    there = distributed.is_available() and distributed.is_initialized()
    return distributed.get_world_size() if there else 1


def rank() -> int:
    """Number of this process, from 0."""
    return distributed.get_rank() if world_size() > 1 else 0


def rank_bounds(n: int) -> tuple[int, int]:
    """First row of this process's slice of n rows, and the row after its last."""
    ranks, own = world_size(), rank()
    return n * own // ranks, n * (own + 1) // ranks


def all_reduce_sum(tensors: Iterable[Tensor]) -> None:
    """Sum each tensor over all processes, in place and in one message."""
    tensors = list(tensors)
    if world_size() == 1 or not tensors:
        return
    flat = torch.cat([t.reshape(-1).float() for t in tensors])
    distributed.all_reduce(flat)
    for tensor, total in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
        tensor.copy_(total.view(tensor.shape))


def broadcast_from_first(tensors: Iterable[Tensor]) -> None:
    """Copy the first process's values into each tensor, in place."""
    if world_size() > 1:
        for tensor in tensors:
            distributed.broadcast(tensor, 0)


def barrier() -> None:
    """Wait until all processes have reached this call."""
    if world_size() > 1:
        distributed.barrier()


class AllReduceSum(torch.autograd.Function):
    """Sum of a tensor over all processes, differentiable."""

    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        """The sum, the same in every process."""
        total = own.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """Sum of the gradients, since every process's loss depends on this process's summand."""
        total = gradients[0].contiguous().clone()
        distributed.all_reduce(total)
        return total


def channel_moments(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and variance of each channel of (b, channels, ...) over all processes' batches.

    Returns:
        mean and variance (channels,) float32, and the number of values behind each of them.
    """
    axes = [0, *range(2, x.dim())]
    x = x.float()
    values = x.new_tensor([x.numel() // x.shape[1]])
    sums = AllReduceSum.apply(torch.cat([x.sum(axes), values]))
    mean, n = sums[:-1] / sums[-1], sums[-1].detach()
    centered = x - mean.view(-1, *[1] * (x.dim() - 2))
    return mean, AllReduceSum.apply(centered.square().sum(axes)) / n, n
