"""Parameters of several dimensions that are no weights, so that weight decay spares them too."""

from collections.abc import Sequence

from torch import nn
from torch.nn import Parameter
from torch.optim import Optimizer


def undecayed_parameters(network: nn.Module) -> list[Parameter]:
    """Parameters of several dimensions that weight decay must not apply to.

    Class tokens, embeddings and tables of positions, scales of layers and of attention: all that
    is not the weight of a layer, and what timm's networks name in `no_weight_decay()`. Biases and
    normalizations have one dimension, and `build_optimizer` knows them by that.

    Args:
        network: a pretrained network, whole, so that names are those that its library gives them.
    """
    listed: set[str] = set(getattr(network, "no_weight_decay", set)())
    found = []
    for name, parameter in network.named_parameters():
        last = name.rpartition(".")[2]
        if parameter.ndim > 1 and ("weight" not in last or listed & {name, last}):
            found.append(parameter)
    return found


def exempt_from_weight_decay(optimizer: Optimizer, exempt: Sequence[Parameter]) -> None:
    """Move parameters of an optimizer to groups without weight decay, in place, before any step."""
    spared = set(map(id, exempt))
    for group in list(optimizer.param_groups):
        moved = [p for p in group["params"] if id(p) in spared]
        if moved and group["weight_decay"]:
            group["params"] = [p for p in group["params"] if id(p) not in spared]
            optimizer.add_param_group({**group, "params": moved, "weight_decay": 0.0})
    optimizer.param_groups[:] = [group for group in optimizer.param_groups if group["params"]]
