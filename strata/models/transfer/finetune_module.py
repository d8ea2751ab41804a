"""The end of a pretrained network with a new head, in the form that the training loop takes."""

import re
from typing import Self, cast

from torch import Tensor, fx, nn

from strata.models.architectures.dropout import Dropout, own_dropout
from strata.models.architectures.normalization import own_batch_norm
from strata.models.transfer.backbones import Preparation
from strata.models.transfer.frozen_backbone import Standardize
from strata.models.transfer.pooling import Embedding

_BLOCK = re.compile(r"[^\d]*\d[^.]*")


class FineTuneModule(nn.Module):
    """From a border to class scores: blocks, pooling, linear.

    Args:
        part: of the network (see `sections.section`); the outputs that are embedded go to the head,
            one more to the auxiliary head.
        classes: number of class scores.
        expected: where the part begins at the images; None: it begins at activations.
        embedding: of the part's outputs that the head sees.
        dropout: share of pooled activations dropped.
        adapt: whether batch normalizations of the part follow the batches while training.

    Attributes:
        auxiliary: a head that learns beside the main one and has no say in prediction, or None.
        auxiliary_weight: of its loss.
    """

    auxiliary: nn.Module | None
    auxiliary_weight: float
    large = True  #: see `devices.mixed_precision`

    def __init__(
        self,
        part: fx.GraphModule,
        classes: int,
        *,
        expected: Preparation | None,
        embedding: Embedding,
        dropout: float,
        adapt: bool,
    ) -> None:
        super().__init__()
        self.classes, self.seen, self.adapt = classes, embedding.outputs, adapt
        self.auxiliary, self.auxiliary_weight = None, 0.0
        self.prepare = Standardize(expected) if expected else nn.Identity()
        own_dropout(part)
        own_batch_norm(part)
        self.blocks = nn.Sequential(part)
        self.embedding = embedding
        linear = nn.utils.skip_init(nn.Linear, embedding.width, classes)
        nn.init.zeros_(linear.weight)
        nn.init.zeros_(linear.bias)
        self.head = nn.Sequential(Dropout(dropout) if dropout else nn.Identity(), linear)

    def train(self, mode: bool = True) -> Self:
        """Training mode; normalizations that are to stay as they are remain in evaluation mode."""
        super().train(mode)
        if not self.adapt:
            for module in self.blocks.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self

    def linear(self) -> nn.Linear:
        """The head's layer."""
        return cast(nn.Linear, self.head[1])

    def outputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """What the nodes give that the head looks at, before it is pooled; the last one first."""
        return self._outputs(x)[: self.seen]

    def embed(self, x: Tensor) -> Tensor:
        """(b, channels, h, w) -> (b, features)."""
        embedded: Tensor = self.embedding(self.outputs(x))
        return embedded

    def forward(self, x: Tensor) -> Tensor:
        """Class scores before the softmax."""
        return self.scores_of(*self.outputs(x))

    def scores_of(self, *outputs: Tensor) -> Tensor:
        """Class scores of what the nodes give."""
        scores: Tensor = self.head(self.embedding(outputs))
        return scores

    def all_scores(self, x: Tensor) -> list[tuple[float, Tensor]]:
        """The scores, and those of the auxiliary head, with their weights in the loss."""
        outputs = self._outputs(x)
        scores = [(1.0, self.scores_of(*outputs[: self.seen]))]
        if self.auxiliary is not None:
            scores.append((self.auxiliary_weight, self.auxiliary(outputs[self.seen])))
        return scores

    def _outputs(self, x: Tensor) -> tuple[Tensor, ...]:
        outputs: tuple[Tensor, ...] = self.blocks(self.prepare(x.float()))
        return outputs

    def only_head(self) -> "FineTuneModule":
        """The same head (not a copy) on embedded activations (b, features, 1, 1)."""
        graph = fx.Graph()
        graph.output((graph.placeholder("given"),))
        alone = FineTuneModule(
            fx.GraphModule(nn.Module(), graph),
            self.classes,
            expected=None,
            embedding=Embedding([self.embedding.width], "pooled"),
            dropout=0.0,
            adapt=self.adapt,
        )
        alone.head = self.head
        return alone


def blocks_of(part: nn.Module) -> list[list[nn.Parameter]]:
    """The parameters of each block of a network's part, in the order of computation.

    A block is what a name leads to up to its first number: "Mixed_7a", "features.12", "layer4",
    "encoder.layers.encoder_layer_3".
    """
    blocks: dict[str, list[nn.Parameter]] = {}
    for name, parameter in part.named_parameters():
        block = _BLOCK.match(name)
        blocks.setdefault(block[0] if block else "", []).append(parameter)
    return list(blocks.values())
