"""New head of a fine-tuned network: a linear layer, or a perceptron with hidden layers."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import nn

from strata.models.architectures.dropout import Dropout

HeadActivation = Literal["gelu", "relu"]
_ACTIVATIONS: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "relu": nn.ReLU}


def build_head(
    width: int,
    hidden: Sequence[int],
    num_classes: int,
    *,
    activation: HeadActivation = "gelu",
    dropout: float = 0.0,
    seed: int = 0,
) -> nn.Sequential:
    """Head from embeddings (b, width) to class scores (b, num_classes).

    Args:
        width: length of an embedding.
        hidden: widths of hidden layers; none: the head is linear.
        num_classes: number of class scores.
        activation: after each hidden layer.
        dropout: share of each layer's inputs dropped in training.
        seed: of the hidden layers' weights (He et al., ICCV 2015); the last layer starts at zero.
    """
    layers: list[nn.Module] = []
    generator = torch.Generator().manual_seed(seed)
    for inputs, outputs in pairwise((width, *hidden, num_classes)):
        if layers:
            layers.append(_ACTIVATIONS[activation]())
        linear = nn.utils.skip_init(nn.Linear, inputs, outputs)
        nn.init.zeros_(linear.weight)
        nn.init.zeros_(linear.bias)
        layers += [Dropout(dropout) if dropout else nn.Identity(), linear]
    for layer in layers[:-1]:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
    return nn.Sequential(*layers)
