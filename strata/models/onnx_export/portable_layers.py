"""Layers in place of those that ONNX has no operator for, with the same outputs."""

from torch import Tensor, nn
from torch.nn import functional

from strata.models.architectures.normalization import LocalResponseNormWithin


def replace_layers(network: nn.Module) -> None:
    """Replace the layers of a network, in place, whose operators ONNX lacks."""
    for name, module in list(network.named_modules()):
        if type(module) is LocalResponseNormWithin:
            network.set_submodule(name, PortableResponseNorm(module))


class PortableResponseNorm(nn.Module):
    """`LocalResponseNormWithin` with window means times their area: ONNX pools to means only."""

    def __init__(self, layer: LocalResponseNormWithin) -> None:
        super().__init__()
        self.n, self.k, self.alpha, self.beta = layer.n, layer.k, layer.alpha, layer.beta

    def forward(self, x: Tensor) -> Tensor:
        """Normalize maps (b, channels, h, w)."""
        n = self.n
        energy = n * n * functional.avg_pool2d(x.square(), n, 1, n // 2)
        return x * (self.k + self.alpha * energy).pow(-self.beta)
