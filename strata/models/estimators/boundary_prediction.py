"""Prediction by the fine-tuned end of a backbone, from activations at its boundary."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from strata.errors import InputError
from strata.image_io import check_images
from strata.models.architectures.typed_tables import lists
from strata.models.estimators.base import BaseNetworkClassifier
from strata.models.runtime.devices import choose_device
from strata.models.runtime.image_source import (
    ImageSource,
    as_source,
    first_views,
    flatten_views,
    to_device,
)
from strata.models.transfer import backbones
from strata.models.transfer.canonical_subgraph import canonical_subgraph
from strata.models.transfer.finetuning.activations import ActivationName, replace_activations
from strata.models.transfer.finetuning.boundary import Restore, boundary_shape, kept_shape
from strata.models.transfer.finetuning.finetune_layers import finetune_layers
from strata.models.transfer.finetuning.finetune_module import FineTuneModule
from strata.models.transfer.finetuning.head import HeadActivation
from strata.models.transfer.finetuning.lora import check_lora
from strata.models.transfer.finetuning.pooling import Embedding, EmbeddingForm
from strata.models.transfer.frozen_backbone import Standardize
from strata.models.transfer.subgraph import IMAGES, check_head_inputs
from strata.models.transfer.subgraph_flops import output_widths, subgraph_cost
from strata.seeds import derive


class BaseBoundaryClassifier(BaseNetworkClassifier):
    """Class scores of boundary activations from fitted weights; `FineTunedClassifier` fits them."""

    backbone: str
    freeze_until: str
    output_node: str
    head_inputs: tuple[str, ...]
    image_size: int | None
    embedding: EmbeddingForm
    dropout: float
    activation: ActivationName
    batch_norm: str
    head_hidden: tuple[int, ...]
    head_activation: HeadActivation
    lora_rank: int
    random_state: int
    device: str
    weights_: dict[str, NDArray[Any]]

    def logits(self, X: ArrayLike | ImageSource) -> NDArray[np.float64]:
        """Outputs of the head, the mean over views: (n, classes), columns as in `classes_`."""
        check_is_fitted(self)
        views, device = self._check(X), choose_device(self.device)
        module = self.network().to(device).to(memory_format=torch.channels_last)
        embeddings = module.embed_rows(to_device(flatten_views(views), device))
        scores = module.head(embeddings).detach().cpu()
        return scores.double().view(*views.shape[:2], len(self.classes_)).mean(1).numpy()

    def network(self) -> FineTuneModule:
        """The layers after `freeze_until` as a torch module on the CPU, a new copy at each call."""
        check_is_fitted(self)
        network = backbones.skeleton(self.backbone, self.image_size)
        module = self._module(network, len(self.classes_))
        module.load_state_dict({k: torch.as_tensor(v) for k, v in self.weights_.items()})
        return module.eval()

    def _watchable(self, X: ArrayLike | ImageSource) -> ImageSource:
        views = self._check(X)
        return first_views(views, np.arange(len(views)))

    def _check(self, X: ArrayLike | ImageSource) -> ImageSource:
        """`X` as a source of views, and of the shape that images of `image_size` have there."""
        views, side = as_source(check_images(X)), self._image_size()
        whole, shape = self.freeze_until == IMAGES, views.shape
        expected = (side, side, 3) if whole else kept_shape(self._boundary_shape())
        pooled = (1, 1, expected[2]) if self.freeze_until == self.output_node else expected
        if len(shape) != 5 or 0 in shape[1:] or shape[2:] not in (expected, pooled):
            raise InputError(
                f"Expected (images, views, {', '.join(map(str, expected))}), activations of images "
                f"of {side} pixels at '{self.freeze_until}', not {shape}.",
                "boundary_activations makes them; set image_size to the images' size; X[:, None] "
                "adds the axis of views.",
            )
        kind = np.uint8 if whole else np.floating
        if not np.issubdtype(views.dtype, kind):
            raise InputError(f"Expected {kind.__name__} numbers, not {views.dtype}.")
        return views

    def _image_size(self) -> int:
        """Side of the images, pixels."""
        return self.image_size or backbones.preprocessing(self.backbone).image_size

    def _boundary_shape(self) -> tuple[int, ...]:
        return boundary_shape(self.backbone, self.freeze_until, self._image_size())

    def _embedded_nodes(self) -> list[str]:
        return [self.output_node, *self.head_inputs]

    def _check_nodes(self) -> None:
        """Raise `InputError` for nodes that do not fit together, or without what LoRA adapts."""
        check_head_inputs(self.backbone, self.freeze_until, self.output_node, self.head_inputs)
        check_lora(self.backbone, self.freeze_until, self._embedded_nodes(), self.lora_rank)

    def _module(
        self, network: torch.nn.Module, num_classes: int, extra: tuple[str, ...] = ()
    ) -> FineTuneModule:
        """The part of a backbone after `freeze_until` with a new head; `extra` ends come last."""
        nodes = self._embedded_nodes()
        begin, ends = self.freeze_until, [*nodes, *extra]
        subgraph = canonical_subgraph(self.backbone, network, begin, ends, self.image_size)
        replace_activations(subgraph, self.activation)
        prepare: torch.nn.Module
        if self.freeze_until == IMAGES:
            prepare = Standardize(backbones.preprocessing(self.backbone))
        else:
            prepare = Restore(self._boundary_shape())
        return FineTuneModule(
            subgraph,
            num_classes,
            prepare=prepare,
            embedding=Embedding(output_widths(self.backbone, nodes), self.embedding),
            dropout=self.dropout,
            adapt_batch_norm=self.batch_norm == "adapt",
            head_hidden=self.head_hidden,
            head_activation=self.head_activation,
            seed=derive(self.random_state, "head"),
        )

    def _count_costs(self, *, trainable: bool, saved_passes: int) -> None:
        """Set counts of parameters and of multiply-adds, and the layer table.

        Args:
            trainable: False if the head alone was trained.
            saved_passes: of a view through the frozen layers, in training.
        """
        begin, nodes, side = self.freeze_until, self._embedded_nodes(), self._image_size()
        table = finetune_layers(
            self.backbone,
            begin,
            nodes,
            num_classes=len(self.classes_),
            image_size=side,
            train=trainable,
            lora_rank=self.lora_rank,
            head_hidden=self.head_hidden,
        )
        frozen = subgraph_cost(self.backbone, IMAGES, [begin], side)
        parameters = sum(row.parameters for row in table)
        self.layers_ = [lists(row._asdict()) for row in table]  # as JSON has them
        self.parameters_ = parameters - frozen.parameters
        self.multiply_adds_ = sum(row.multiply_adds for row in table) - frozen.multiply_adds
        self.trainable_parameters_ = sum(row.trainable for row in table)
        self.frozen_parameters_ = parameters - self.trainable_parameters_
        if self.lora_rank:  # updates are trained beside the weights, not in their place
            self.frozen_parameters_ = sum(r.parameters for r in table[: -1 - len(self.head_hidden)])
        self.saved_multiply_adds_ = saved_passes * frozen.multiply_adds
