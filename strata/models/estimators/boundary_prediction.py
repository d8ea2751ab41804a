"""Prediction by the fine-tuned end of a backbone, from activations at its boundary."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from strata.errors import InputError
from strata.models.estimators.base import BaseNetworkClassifier
from strata.models.runtime.devices import choose_device
from strata.models.runtime.image_source import (
    ImageSource,
    SourceSubset,
    as_source,
    flatten_views,
    to_device,
    too_large,
)
from strata.models.transfer import backbones
from strata.models.transfer.finetune_module import FineTuneModule
from strata.models.transfer.pooling import Embedding, EmbeddingForm
from strata.models.transfer.subgraph import IMAGES, extract_subgraph
from strata.models.transfer.subgraph_flops import output_widths


class BaseBoundaryClassifier(BaseNetworkClassifier):
    """Class scores of boundary activations from fitted weights; `FineTunedClassifier` fits them."""

    backbone: str
    freeze_until: str
    output_node: str
    head_inputs: tuple[str, ...]
    embedding: EmbeddingForm
    dropout: float
    batch_norm: str
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
        network = backbones.skeleton(self.backbone)
        module = self._module(network, len(self.classes_))
        module.load_state_dict({k: torch.as_tensor(v) for k, v in self.weights_.items()})
        return module.eval()

    def _watchable(self, X: ArrayLike | ImageSource) -> ImageSource:
        views = self._check(X)
        first = np.arange(len(views)), np.zeros(len(views), np.intp)
        return SourceSubset(views, *first) if too_large(views) else views[:, 0]

    def _check(self, X: ArrayLike | ImageSource) -> ImageSource:
        views = as_source(X)
        kind, shape = np.uint8 if self.freeze_until == IMAGES else np.floating, views.shape
        if len(shape) != 5 or shape[2] != shape[3] or 0 in shape[1:]:
            raise InputError(
                f"Expected (images, views, height, width, channels) of squares, not {shape}.",
                "boundary_activations makes them; X[:, None] adds the axis of views.",
            )
        if not np.issubdtype(views.dtype, kind):
            raise InputError(f"Expected {kind.__name__} numbers, not {views.dtype}.")
        return views

    def _embedded_nodes(self) -> list[str]:
        return [self.output_node, *self.head_inputs]

    def _module(
        self, network: torch.nn.Module, num_classes: int, extra: tuple[str, ...] = ()
    ) -> FineTuneModule:
        """The part of a backbone after `freeze_until` with a new head; `extra` ends come last."""
        nodes, whole = self._embedded_nodes(), self.freeze_until == IMAGES
        return FineTuneModule(
            extract_subgraph(network, self.freeze_until, [*nodes, *extra]),
            num_classes,
            preprocessing=backbones.preprocessing(self.backbone) if whole else None,
            embedding=Embedding(output_widths(self.backbone, nodes), self.embedding),
            dropout=self.dropout,
            adapt_batch_norm=self.batch_norm == "adapt",
        )
