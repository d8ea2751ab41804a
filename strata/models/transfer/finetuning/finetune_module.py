"""Fine-tuning module: the trained end of a pretrained network with a new head."""

from collections.abc import Sequence
from typing import Self, cast

import torch
from torch import Tensor, fx, nn
from torch.nn import Parameter

from strata.models.architectures.dropout import replace_dropout
from strata.models.architectures.normalization import replace_batch_norm
from strata.models.runtime.devices import deterministic_cuda, mixed_precision
from strata.models.runtime.image_source import StreamedTensor
from strata.models.transfer.finetuning.head import HeadActivation, build_head
from strata.models.transfer.finetuning.layer_decay import block_parameters
from strata.models.transfer.finetuning.pooling import Embedding

#: Rows at a time in inference.
_BATCH_SIZE = 64


class FineTuneModule(nn.Module):
    """Subgraph of a backbone, embedding and head: from boundary activations to class scores.

    It has the methods of `builder.Network` that the training loop calls.

    Args:
        subgraph: of the network (see `subgraph.extract_subgraph`); its first outputs, as many as
            `embedding` takes, go to the head, one more to each auxiliary head.
        num_classes: number of class scores.
        prepare: from what the training data hold to the subgraph's input: `Standardize` for
            images, `boundary.Restore` for activations.
        embedding: of the outputs, the head's input.
        dropout: share of embedded activations dropped.
        head_hidden, head_activation, seed: as of `head.build_head`.
        adapt_batch_norm: True if batch normalizations use the batch's statistics in training and
            update the moving ones.

    Attributes:
        auxiliary: heads by name that are trained with the main one and not used in inference.
        auxiliary_weight: of each one's loss.
        undecayed: parameters that weight decay must not apply to, besides those of one dimension.
    """

    auxiliary_weight: float
    large = True  #: see `devices.mixed_precision`

    def __init__(
        self,
        subgraph: fx.GraphModule,
        num_classes: int,
        *,
        prepare: nn.Module,
        embedding: Embedding,
        dropout: float,
        adapt_batch_norm: bool,
        head_hidden: Sequence[int] = (),
        head_activation: HeadActivation = "gelu",
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.num_classes, self.adapt_batch_norm = num_classes, adapt_batch_norm
        self.auxiliary, self.auxiliary_weight = nn.ModuleDict(), 0.0
        self.prepare = prepare
        replace_dropout(subgraph)
        replace_batch_norm(subgraph)
        self.blocks = nn.Sequential(subgraph)
        self.embedding = embedding
        self.undecayed: list[Parameter] = []
        self.head = build_head(
            embedding.width,
            head_hidden,
            num_classes,
            activation=head_activation,
            dropout=dropout,
            seed=seed,
        )

    def train(self, mode: bool = True) -> Self:
        """Set training mode, except for batch normalizations that are not to adapt."""
        super().train(mode)
        if not self.adapt_batch_norm:
            for module in self.blocks.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self

    @property
    def auxiliary_names(self) -> list[str]:
        """Names of the auxiliary heads, in the order of `all_scores`."""
        return list(self.auxiliary)

    def linear(self) -> nn.Linear:
        """The head's last linear layer."""
        return cast(nn.Linear, self.head[-1])

    def outputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Inputs of the embedding: the output node's output, then those of other head inputs."""
        return self._outputs(x)[: self.embedding.n_outputs]

    def embed(self, x: Tensor) -> Tensor:
        """Input of the head: (b, channels, h, w) -> (b, features)."""
        embedded: Tensor = self.embedding(self.outputs(x))
        return embedded

    def forward(self, x: Tensor) -> Tensor:
        """Class scores before the softmax."""
        return self.scores_of(*self.outputs(x))

    def scores_of(self, *outputs: Tensor) -> Tensor:
        """Class scores for the embedding's inputs."""
        scores: Tensor = self.head(self.embedding(outputs))
        return scores

    def all_scores(self, x: Tensor) -> list[tuple[float, Tensor]]:
        """Pairs of loss weight and class scores: of the head, then of each auxiliary head."""
        outputs, n = self._outputs(x), self.embedding.n_outputs
        early = zip(self.auxiliary.values(), outputs[n:], strict=False)
        further = [(self.auxiliary_weight, head(output)) for head, output in early]
        return [(1.0, self.scores_of(*outputs[:n])), *further]

    def _outputs(self, x: Tensor) -> tuple[Tensor, ...]:
        outputs: tuple[Tensor, ...] = self.blocks(self.prepare(x.float()))
        return outputs

    @torch.no_grad()
    def embed_rows(self, rows: Tensor | StreamedTensor) -> Tensor:
        """Embeddings (n, features) float32 of rows (n, h, w, channels), in evaluation mode."""
        self.eval()
        parts = [torch.zeros(0, self.embedding.width, device=rows.device)]
        with deterministic_cuda(), mixed_precision(rows.device, large=True):
            for batch in rows.split(_BATCH_SIZE):
                parts.append(self.embed(batch.permute(0, 3, 1, 2)).float())
        return torch.cat(parts)

    def head_only(self) -> "FineTuneModule":
        """A module with the same head (not a copy) for embeddings (b, features, 1, 1)."""
        graph = fx.Graph()
        graph.output((graph.placeholder("given"),))
        module = FineTuneModule(
            fx.GraphModule(nn.Module(), graph),
            self.num_classes,
            prepare=nn.Identity(),
            embedding=Embedding([self.embedding.width], "pooled"),
            dropout=0.0,
            adapt_batch_norm=self.adapt_batch_norm,
        )
        module.head = self.head
        return module

    def layer_lrs(self, decay: float) -> list[tuple[float, list[Parameter]]]:
        """Layer-wise learning rates: `decay` to the power of a block's distance from the last.

        Returns:
            pairs of a factor on the learning rate and the trainable parameters of a block; of the
            heads last, with factor 1.
        """
        blocks = block_parameters(cast(fx.GraphModule, self.blocks[0]))
        heads = [p for name, p in self.named_parameters() if not name.startswith("blocks.")]
        distances = range(len(blocks) - 1, -1, -1)
        scaled = [(decay**n, block) for n, block in zip(distances, blocks, strict=True)]
        trainable = [(n, [p for p in block if p.requires_grad]) for n, block in scaled]
        return [*((n, block) for n, block in trainable if block), (1.0, heads)]
