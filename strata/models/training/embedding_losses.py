"""Losses on the embedding, the input of the last linear layer: center loss and ArcFace.

Both make classes compact in the embedding. They come from face recognition, where the embeddings of
faces that were not trained on are compared.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from strata.errors import InputError, nearest
from strata.models.runtime import distributed
from strata.parameter_types import NamedTable

#: name -> its arguments
LOSSES: dict[str, tuple[str, ...]] = {
    "cross-entropy": (),
    "center": ("weight", "rate"),
    "arcface": ("margin", "scale"),
}


@dataclass(frozen=True)
class Loss:
    """Loss of a training, by name.

    Attributes:
        name: a key of `LOSSES`.
        weight: of the center loss, beside the cross-entropy.
        rate: share of the way that a center moves towards the embeddings of its class in a step
            with many of them.
        margin: angle that ArcFace adds between an image's embedding and its class, radians.
        scale: factor on ArcFace's cosines, before the softmax.
    """

    name: str = "cross-entropy"
    weight: float = 0.01
    rate: float = 0.5
    margin: float = 0.3
    scale: float = 16.0

    @classmethod
    def of(cls, given: "str | Mapping[str, Any] | Loss") -> "Loss":
        """The loss of a name, or of a table of a `name` and its arguments.

        Raises:
            InputError: unknown names, values out of range.
        """
        if isinstance(given, Loss):
            return given
        table: dict[str, Any] = {"name": given} if isinstance(given, str) else dict(given)
        name = table.pop("name", None)
        if name is None:
            raise InputError(
                "A loss that is a table has no 'name'.", f"Its name is one of {', '.join(LOSSES)}."
            )
        if name not in LOSSES:
            raise InputError(f"Unknown loss {name!r}.", nearest(str(name), LOSSES))
        for key, value in table.items():
            if key not in LOSSES[name]:
                raise InputError(
                    f"The loss '{name}' has no '{key}'.", nearest(key, [*LOSSES[name], "name"])
                )
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (number and 0 <= value < math.inf):
                raise InputError(f"'{key}' of a loss is a number, 0 or more, not {value!r}.")
        made = replace(cls(), name=str(name), **table)
        if not made.rate <= 1:
            raise InputError(f"'rate' of the center loss is at most 1, not {made.rate}.")
        if not made.margin < math.pi / 2 or not made.scale > 0:
            raise InputError("ArcFace has a margin below pi / 2, and a scale above 0.")
        return made


CROSS_ENTROPY = Loss()
#: Type of a parameter: a name of `LOSSES`, or a table that `Loss.of` reads.
LossLike = Annotated[
    str | Mapping[str, Any],
    NamedTable(LOSSES, "strata.models.training.embedding_losses:Loss.of"),
]


class CenterLoss:
    """Half the mean squared distance of embeddings to the center of their class.

    Wen et al., "A discriminative feature learning approach for deep face recognition" (ECCV 2016).
    Centers begin at zero, and follow the embeddings without a gradient: in a step with m images of
    a class by rate * m / (1 + m) of the way to their mean.

    Args:
        layer: the last linear layer.
        rate: see `Loss`.

    Attributes:
        centers: (classes, features) float32.
    """

    def __init__(self, layer: nn.Linear, rate: float) -> None:
        self.layer, self.rate = layer, rate
        self.centers = torch.zeros(layer.weight.shape, device=layer.weight.device)

    def __call__(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings (b, features) of images of the classes (b,)."""
        return (embeddings.float() - self.centers[labels]).square().sum(1).mean() / 2

    @torch.no_grad()
    def update(self, embeddings: Tensor, labels: Tensor) -> None:
        """Move the centers towards a step's embeddings, those of all processes."""
        differences = embeddings.detach().float() - self.centers[labels]
        own = functional.one_hot(labels, len(self.centers)).float()
        sums, counts = own.T @ differences, own.sum(0)  # index_add_ differs from run to run on GPUs
        distributed.all_reduce_sum([sums, counts])
        self.centers += self.rate * sums / (1 + counts[:, None])


class CosineLinear(nn.Linear):
    """Linear layer without bias on directions: `scale` times the cosine to each class's weights."""

    scale: Tensor

    def __init__(self, linear: nn.Linear, scale: float) -> None:
        super().__init__(linear.in_features, linear.out_features, bias=False, device="meta")
        self.weight = linear.weight
        self.register_buffer("scale", torch.tensor(scale))

    def forward(self, x: Tensor) -> Tensor:
        """Scores (b, classes) of embeddings (b, features)."""
        directions = functional.normalize(self.weight.float())
        return self.scale * functional.linear(functional.normalize(x.float()), directions)


def add_margin(scores: Tensor, labels: Tensor, margin: float, scale: float) -> Tensor:
    """Scores with ArcFace's margin: scale * cos(angle + margin) for each image's own class.

    Deng et al., "ArcFace: additive angular margin loss for deep face recognition" (CVPR 2019).
    Beyond pi - margin, where the cosine would rise again, the score is lowered by
    scale * margin * sin(margin) instead, as in the authors' program.

    Args:
        scores: (b, classes), scale times the cosines.
        labels: (b,) own classes.
        margin, scale: see `Loss`.
    """
    cosine = (scores.gather(1, labels[:, None]) / scale).clamp(-1 + 1e-7, 1 - 1e-7)
    sine = (1 - cosine.square()).sqrt()
    turned = cosine * math.cos(margin) - sine * math.sin(margin)
    far = cosine <= math.cos(math.pi - margin)
    own = torch.where(far, cosine - margin * math.sin(margin), turned)
    return scores.scatter(1, labels[:, None], scale * own)


def use_cosine_head(network: nn.Module, scale: float) -> None:
    """Replace a network's last linear layer by a `CosineLinear` of the same weights, in place."""
    head: Any = network.head
    head[-1] = CosineLinear(head[-1], scale).to(head[-1].weight.device)


def restore_head(network: nn.Module, weights: Mapping[str, Any]) -> None:
    """Give a network, in place, the kind of last layer that a state_dict was taken from."""
    if _has_cosine_head(weights):
        use_cosine_head(network, 1.0)


def count_head(layers: list[dict[str, Any]], weights: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Layer table of the network of a state_dict: a `CosineLinear`, the last layer, has no bias."""
    if not _has_cosine_head(weights):
        return layers
    *others, last = layers
    (classes,) = last["output"]
    fewer = {key: last[key] - classes for key in ("parameters", "trainable")}
    return [*others, {**last, **fewer}]


def _has_cosine_head(weights: Mapping[str, Any]) -> bool:
    return any(name.startswith("head.") and name.endswith(".scale") for name in weights)
