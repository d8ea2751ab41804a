"""The end of a pretrained network with a new head, in the form that the training loop takes."""

import re
from typing import Self

from torch import Tensor, fx, nn

from strata.models.backbones import Preparation
from strata.models.dropout import Dropout, own_dropout
from strata.models.frozen import Standardise
from strata.models.normalisation import own_batch_norm
from strata.models.sections import pool

_BLOCK = re.compile(r"[^\d]*\d[^.]*")


class Tail(nn.Module):
    """From a border to class scores: blocks, pooling, linear.

    Args:
        part: of the network (see `sections.section`); its first output goes to the head, a
            second one to the auxiliary head.
        classes: number of class scores.
        expected: where the part begins at the images; None: it begins at activations.
        features: length of the pooled output.
        dropout: share of pooled activations dropped.
        adapt: whether batch normalisations of the part follow the batches while training.

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
        features: int,
        dropout: float,
        adapt: bool,
    ) -> None:
        super().__init__()
        self.classes, self.features, self.adapt = classes, features, adapt
        self.auxiliary, self.auxiliary_weight = None, 0.0
        self.prepare = Standardise(expected) if expected else nn.Identity()
        own_dropout(part)
        own_batch_norm(part)
        self.blocks = nn.Sequential(part)
        linear = nn.utils.skip_init(nn.Linear, features, classes)
        nn.init.zeros_(linear.weight)
        nn.init.zeros_(linear.bias)
        self.head = nn.Sequential(Dropout(dropout) if dropout else nn.Identity(), linear)

    def train(self, mode: bool = True) -> Self:
        """Training mode; normalisations that are to stay as they are remain in evaluation mode."""
        super().train(mode)
        if not self.adapt:
            for module in self.blocks.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self

    def maps(self, x: Tensor) -> Tensor:
        """What the last node that is kept gives, before it is pooled."""
        return self._outputs(x)[0]

    def embed(self, x: Tensor) -> Tensor:
        """(b, channels, h, w) -> (b, features)."""
        return pool(self.maps(x))

    def forward(self, x: Tensor) -> Tensor:
        """Class scores before the softmax."""
        return self.scores_of(self.maps(x))

    def scores_of(self, maps: Tensor) -> Tensor:
        """Class scores of the last node's maps."""
        scores: Tensor = self.head(pool(maps))
        return scores

    def all_scores(self, x: Tensor) -> list[tuple[float, Tensor]]:
        """The scores, and those of the auxiliary head, with their weights in the loss."""
        outputs = self._outputs(x)
        scores = [(1.0, self.head(pool(outputs[0])))]
        if self.auxiliary is not None:
            scores.append((self.auxiliary_weight, self.auxiliary(outputs[1])))
        return scores

    def _outputs(self, x: Tensor) -> tuple[Tensor, ...]:
        outputs: tuple[Tensor, ...] = self.blocks(self.prepare(x.float()))
        return outputs

    def only_head(self) -> "Tail":
        """The same head (not a copy) on pooled activations (b, features, 1, 1)."""
        graph = fx.Graph()
        graph.output((graph.placeholder("given"),))
        alone = Tail(
            fx.GraphModule(nn.Module(), graph),
            self.classes,
            expected=None,
            features=self.features,
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
