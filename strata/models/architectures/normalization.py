"""Normalization layers: batch norm, batch renormalization, group, layer, local response."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from strata.errors import InputError
from strata.models.runtime import distributed


class BatchNorm(nn.BatchNorm2d):
    """Batch normalization of maps (Ioffe and Szegedy 2015), fast for few channels too.

    torch's loops run along the channels of channels-last memory; with few channels they cannot be
    vectorized, and it is faster to make each channel contiguous first.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalize maps (b, channels, h, w)."""
        if self.training and distributed.world_size() > 1:
            return _synchronized_batch_norm(self, x)
        if self.num_features >= 8 or x.is_contiguous():
            return super().forward(x)
        return super().forward(x.contiguous()).contiguous(memory_format=torch.channels_last)


class BatchNorm1d(nn.BatchNorm1d):
    """Batch normalization of vectors (b, features)."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalize vectors (b, features)."""
        if self.training and distributed.world_size() > 1:
            return _synchronized_batch_norm(self, x)
        return super().forward(x)


def replace_batch_norm(network: nn.Module) -> None:
    """Replace torch's batch norms, which see one process's slice of a batch only, by `BatchNorm`.

    Weights and statistics are the same tensors as before.
    """
    for name, module in list(network.named_modules()):
        if type(module) is nn.BatchNorm2d and module.affine and module.momentum is not None:
            made = BatchNorm(module.num_features, module.eps, module.momentum)
            made.weight, made.bias = module.weight, module.bias
            made.running_mean, made.running_var = module.running_mean, module.running_var
            made.num_batches_tracked = module.num_batches_tracked
            network.set_submodule(name, made.train(module.training))


def _synchronized_batch_norm(layer: nn.BatchNorm1d | nn.BatchNorm2d, x: Tensor) -> Tensor:
    """Batch normalization by the statistics of all processes' slices of a batch."""
    mean, variance, n = distributed.channel_moments(x)
    with torch.no_grad():
        assert layer.running_mean is not None
        assert layer.running_var is not None
        assert layer.num_batches_tracked is not None
        assert layer.momentum is not None
        layer.running_mean.lerp_(mean, layer.momentum)
        layer.running_var.lerp_(variance * n / (n - 1), layer.momentum)
        layer.num_batches_tracked += 1
    scale = layer.weight * (variance + layer.eps).rsqrt()
    ones = [1] * (x.dim() - 2)
    return x * scale.view(-1, *ones) + (layer.bias - mean * scale).view(-1, *ones)


class BatchRenorm(nn.Module):
    """Batch renormalization (Ioffe 2017, eq. 1-3): the same activations in training and inference.

    The batch's own statistics are corrected towards the moving ones by r = s_batch / s_moving,
    clipped to [1/3, 3], and d = (m_batch - m_moving) / s_moving, clipped to [-5, 5]; r and d are
    constants for the gradient. The limits grow linearly over the first `warm_up` batches, from
    r = 1 and d = 0, which is plain batch normalization.
    """

    R_LIMIT, D_LIMIT, MOMENTUM, EPSILON = 3.0, 5.0, 0.1, 1e-5
    mean: Tensor
    deviation: Tensor
    num_batches_tracked: Tensor

    def __init__(self, channels: int, warm_up: int = 500) -> None:
        super().__init__()
        self.warm_up = warm_up
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))
        self.register_buffer("num_batches_tracked", torch.zeros((), dtype=torch.int64))

    def reset_parameters(self) -> None:
        """Set scale and shift to those of the identity."""
        for values, start in ((self.weight, 1.0), (self.bias, 0.0)):
            nn.init.constant_(values, start)

    def forward(self, x: Tensor) -> Tensor:
        """Normalize maps (b, channels, h, w)."""
        if not self.training:
            scale = self.weight / self.deviation
            return x * _per_channel(scale) + _per_channel(self.bias - self.mean * scale)
        if distributed.world_size() > 1:
            mean, variance, _ = distributed.channel_moments(x)
            deviation = (variance + self.EPSILON).sqrt()
            r, d = self._corrections(mean, deviation)
            scale = self.weight * r / deviation
            shift = self.bias + self.weight * d - mean * scale
            return x * _per_channel(scale) + _per_channel(shift)
        mean, variance = _moments(x)
        r, d = self._corrections(mean, (variance + self.EPSILON).sqrt())
        scale, shift = self.weight * r, self.bias + self.weight * d
        return functional.batch_norm(x, None, None, scale, shift, training=True, eps=self.EPSILON)

    @torch.no_grad()
    def _corrections(self, mean: Tensor, deviation: Tensor) -> tuple[Tensor, Tensor]:
        """r and d of a batch; updates the moving statistics."""
        share = (self.num_batches_tracked / self.warm_up).clamp(max=1.0)
        r_limit, d_limit = 1 + (self.R_LIMIT - 1) * share, self.D_LIMIT * share
        r = (deviation / self.deviation).clamp(1 / r_limit, r_limit)
        d = ((mean - self.mean) / self.deviation).clamp(-d_limit, d_limit)
        self.mean.lerp_(mean, self.MOMENTUM)
        self.deviation.lerp_(deviation, self.MOMENTUM)
        self.num_batches_tracked += 1
        return r, d


@torch.no_grad()
def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of each channel, float32.

    They are read from the running statistics of a batch normalization: `Tensor.var` takes twenty
    times as long in channels-last memory.
    """
    channels, n = x.shape[1], x.numel() // x.shape[1]
    mean, variance = (torch.zeros(channels, device=x.device) for _ in range(2))
    functional.batch_norm(x, mean, variance, training=True, momentum=1.0)
    return mean, variance * ((n - 1) / n)


class LocalResponseNorm(nn.Module):
    """Local response normalization across channels (Krizhevsky et al. 2012, section 3.3).

    x / (k + alpha * sum of x^2 over n channels)^beta, zeros beyond the first and the last. The
    paper's k, alpha and beta are the defaults; its activations were of the order of pixel values.
    `torch.nn.LocalResponseNorm`, which takes the mean over the n channels, pools over volumes, ten
    times as slow as the 1x1 convolution here.

    Args:
        channels: of the maps.
        n: channels in the sum, odd.
        k: added to the sum.
        alpha: factor of the sum.
        beta: exponent.
    """

    band: Tensor

    def __init__(
        self, channels: int, n: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
    ) -> None:
        super().__init__()
        self.k, self.alpha, self.beta = k, alpha, beta
        distance = torch.arange(channels)[:, None] - torch.arange(channels)
        band = (distance.abs() <= n // 2).float()
        self.register_buffer("band", band[:, :, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Normalize maps (b, channels, h, w)."""
        energy = functional.conv2d(x.square(), self.band)
        return x * (self.k + self.alpha * energy).pow(-self.beta)


class LocalResponseNormWithin(nn.Module):
    """Local response normalization within each channel (Hinton et al. 2012, appendix).

    x / (k + alpha * sum of x^2 over n x n positions)^beta, zeros beyond the border.

    Args:
        channels: of the maps.
        n: width and height of the window, odd.
        k, alpha, beta: as in `LocalResponseNorm`.
    """

    def __init__(
        self, channels: int, n: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
    ) -> None:
        super().__init__()
        self.n, self.k, self.alpha, self.beta = n, k, alpha, beta

    def forward(self, x: Tensor) -> Tensor:
        """Normalize maps (b, channels, h, w)."""
        n = self.n
        energy = functional.avg_pool2d(x.square(), n, 1, n // 2, divisor_override=1)
        return x * (self.k + self.alpha * energy).pow(-self.beta)


def _per_channel(values: Tensor) -> Tensor:
    return values[:, None, None]


def group_norm(channels: int, groups: int = 0) -> nn.GroupNorm:
    """Group normalization (Wu and He 2018, who use 32 groups).

    Args:
        channels: of the maps.
        groups: of channels, each of one size; 0: 8, or the largest of 4, 2 and 1 that divides the
            channels.

    Raises:
        InputError: `groups` does not divide the channels.
    """
    if groups and channels % groups:
        raise InputError(
            f"{channels} channels cannot be normalized in {groups} groups of one size.",
            "Set `groups` to a divisor of every block's filters, or to 0.",
        )
    groups = groups or next(n for n in (8, 4, 2, 1) if channels % n == 0)
    return nn.GroupNorm(groups, channels)


def layer_norm(channels: int) -> nn.GroupNorm:
    """Layer normalization of maps: over all channels and positions of an image."""
    return nn.GroupNorm(1, channels)
