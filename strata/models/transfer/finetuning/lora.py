"""Low-rank adaptation: linear layers whose weights stay, and learn a product of small matrices.

Hu et al., "LoRA: Low-rank adaptation of large language models" (ICLR 2022).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from strata.errors import InputError
from strata.models.transfer.backbones import outline
from strata.models.transfer.subgraph import extract_subgraph


class LowRankUpdate(nn.Module):
    """Parametrization of a weight: W + (alpha / rank) B A, of which B and A are trained.

    Args:
        weight: (out, in).
        rank: of the update.
        alpha: its scale, before the division by `rank`.
        generator: of A's initial values (Kaiming's, uniform); B starts at zero.
    """

    def __init__(self, weight: Tensor, rank: int, alpha: float, generator: torch.Generator) -> None:
        super().__init__()
        outputs, inputs = weight.shape
        self.scale = alpha / rank
        self.A = nn.Parameter(torch.empty(rank, inputs))
        self.B = nn.Parameter(torch.zeros(outputs, rank))
        nn.init.kaiming_uniform_(self.A, math.sqrt(5), generator=generator)

    def forward(self, weight: Tensor) -> Tensor:
        """The weight with the update, (out, in)."""
        return weight + self.scale * (self.B @ self.A)


def add_lora(module: nn.Module, *, rank: int, alpha: float, seed: int) -> None:
    """Freeze a module and give its linear layers low-rank updates, in place.

    Args:
        module: on the CPU or elsewhere.
        rank, alpha: of the updates.
        seed: of their initial values.

    Raises:
        InputError: no linear layer has more inputs and outputs than `rank`.
    """
    module.requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    targets = lora_targets(module, rank)
    if not targets:
        raise _nothing_to_adapt(rank)
    for layer, name in targets:
        weight = getattr(layer, name)
        update = LowRankUpdate(weight, rank, alpha, generator).to(weight.device)
        parametrize.register_parametrization(layer, name, update)


def check_lora(backbone: str, freeze_until: str, ends: Sequence[str], rank: int) -> None:
    """Raise what `add_lora` would, from the structure of a network alone, before any work.

    Args:
        backbone: name of the network.
        freeze_until, ends: nodes between which the trained part lies.
        rank: of the updates; 0: none are asked for.

    Raises:
        InputError: no linear layer has more inputs and outputs than `rank`; no such node.
    """
    if rank:
        part = extract_subgraph(outline(backbone), freeze_until, ends)
        if not lora_parameters(part, rank):
            raise _nothing_to_adapt(rank)


def _nothing_to_adapt(rank: int) -> InputError:
    return InputError(
        f"The trained part has no linear layer that an update of rank {rank} would fit.",
        "LoRA is for transformers and others with linear layers: set lora_rank = 0, or an "
        "earlier freeze_until, or a lower rank.",
    )


def merge_lora(module: nn.Module) -> None:
    """Add the updates to the weights, in place: the layers are plain ones again."""
    for layer in list(module.modules()):
        if parametrize.is_parametrized(layer):
            for name in list(layer.parametrizations):  # type: ignore[arg-type]  # a ModuleDict
                parametrize.remove_parametrizations(layer, name, leave_parametrized=True)


def lora_targets(module: nn.Module, rank: int) -> list[tuple[nn.Module, str]]:
    """Layers of a module, and the name of each one's weight, that get an update.

    Linear layers, the fused projection of torch's attention, and weights that a subgraph hands to
    functions, as in torchvision's Swin; with more than `rank` inputs and outputs.
    """
    found: list[tuple[nn.Module, str]] = []
    for layer in module.modules():
        name = "in_proj_weight" if isinstance(layer, nn.MultiheadAttention) else "weight"
        bare = type(layer) is nn.Module  # fx's holder of tensors
        if bare or isinstance(layer, nn.Linear | nn.MultiheadAttention):
            weight = getattr(layer, name, None)
            if weight is not None and update_size(weight, rank):
                found.append((layer, name))
    return found


def update_size(weight: Tensor, rank: int) -> int:
    """Number of weights of a weight's update; 0 if it gets none."""
    return rank * sum(weight.shape) if weight.ndim == 2 and min(weight.shape) > rank else 0


def lora_parameters(module: nn.Module, rank: int) -> int:
    """Number of weights of the updates that `add_lora` would give a module."""
    return sum(update_size(getattr(*target), rank) for target in lora_targets(module, rank))
