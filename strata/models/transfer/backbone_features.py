"""Features of images: pooled activations at nodes of a pretrained network."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from strata.errors import InputError
from strata.image_io import check_images
from strata.models.runtime.devices import choose_device
from strata.models.training.resize import resize_images
from strata.models.transfer.canonical_subgraph import output_layout
from strata.models.transfer.frozen_backbone import (
    FrozenBackbone,
    WeightsLike,
    in_batches,
    resolve_state_dict,
)
from strata.models.transfer.last_nodes import feature_nodes
from strata.models.transfer.output_pooling import Tokens, check_pooling, part_names, pool_output
from strata.models.transfer.subgraph import IMAGES
from strata.models.transfer.subgraph_flops import subgraph_cost
from strata.parameter_types import Device, PositiveInt


class BackboneFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Activations of a pretrained network as vectors: pooled over positions, nodes concatenated.

    Nothing is learned; `fit` loads the weights.

    Args:
        backbone: a classification network: torchvision's "NAME" or "NAME:WEIGHTS", with a member of
            its enum; "timm:NAME" or "timm:NAME.TAG".
        nodes: nodes whose outputs are taken (`subgraph.node_names` lists them); a number: so many,
            the one before the last layer and the ends of the last blocks before it; empty: the one
            before the last layer.
        weights: a file of weights, or a folder that holds `BACKBONE.pth`; "": the environment
            variable STRATA_WEIGHTS, an installed package, torch's hub folder, or the publisher's
            server. Or a state_dict.
        image_size: width and height to which images are cropped and resized, pixels; None: what the
            network was made for.
        mirror: take the mean of the vectors of an image and its mirror image.
        grids: rows and columns of cells that maps are pooled in, one grid after another: scenes
            have a layout from top to bottom. He, Zhang, Ren and Sun, "Spatial pyramid pooling in
            deep convolutional networks" (ECCV 2014). Neighboring cells overlap where the map's size
            is no multiple of their number.
        tokens: tokens that are taken of nodes that give tokens, as the blocks of vision
            transformers do. "class": the class token. "patches": the mean of the patches' tokens,
            without class, distillation and register tokens; cells of `grids` are cells of patches.
            "both": the two side by side, as Oquab et al., "DINOv2" (TMLR 2024), classify. "auto":
            both where there is a class token, patches elsewhere.
        norm: "l2": scale the vector of each grid of each node, and of each class token, to length
            1, so that all have the same weight; "none".
        batch_size: images at a time.
        device: "auto", "cpu", "cuda" or "mps".

    Attributes:
        nodes_: the nodes used.
        widths_: length of each node's vector, all its cells.
        blocks_: name and length of each part of a vector, in their order: of each node, the class
            token where patches are taken too, and each grid.
        parameters_: number of weights in the part of the network that is run.
        multiply_adds_: for one view of an image (`mirror` doubles the views).
    """

    def __init__(
        self,
        backbone: str = "inception_v3",
        *,
        nodes: tuple[str, ...] | PositiveInt = (),
        weights: WeightsLike = "",
        image_size: PositiveInt | None = None,
        mirror: bool = True,
        grids: Sequence[tuple[int, int]] = ((1, 1),),
        tokens: Tokens = "auto",
        norm: Literal["none", "l2"] = "l2",
        batch_size: PositiveInt = 16,
        device: Device = "auto",
    ) -> None:
        self.backbone = backbone
        self.nodes = nodes
        self.weights = weights
        self.image_size = image_size
        self.mirror = mirror
        self.grids = grids
        self.tokens = tokens
        self.norm = norm
        self.batch_size = batch_size
        self.device = device

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Load the weights.

        Raises:
            InputError: no such network or node; a class token or cells of a node that has none; no
                file, or not this network's weights.
            StrataError: the weights cannot be downloaded.
        """
        if self.norm not in ("none", "l2"):
            raise InputError(f"norm must be 'none' or 'l2': {self.norm!r}.")
        self.nodes_ = feature_nodes(self.backbone, self.nodes)
        cost = subgraph_cost(self.backbone, IMAGES, self.nodes_, self.image_size)
        for node in self.nodes_:
            layout = output_layout(self.backbone, node, self.image_size)
            check_pooling(node, layout, self.tokens, self.grids)
        state = resolve_state_dict(self.backbone, self.weights)
        self._frozen = FrozenBackbone(self.backbone, self.nodes_, state, self.image_size)
        empty = [torch.empty(1, *shape) for shape in cost.outputs]
        lengths = [[part.shape[1] for part in parts] for parts in self._pooled(empty)]
        self.widths_ = tuple(map(sum, lengths))
        self.blocks_ = tuple(
            block
            for node, parts in zip(self.nodes_, lengths, strict=True)
            for block in zip(part_names(node, len(parts), self.grids), parts, strict=True)
        )
        self._n_features_out = sum(self.widths_)
        self.parameters_ = cost.parameters
        self.multiply_adds_ = cost.multiply_adds
        return self

    def transform(self, X: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """One vector per image.

        Args:
            X: images, uint8 RGB (h, w, 3) or gray (h, w), of any sizes.

        Returns:
            (n, sum of widths) float32, the nodes in their order.

        Raises:
            InputError: a single image in place of several.
        """
        check_is_fitted(self)
        device = choose_device(self.device)
        parts = [np.zeros((0, sum(self.widths_)), np.float32)]
        for images in in_batches(check_images(X), self.batch_size):
            pixels = resize_images(images, self._frozen.image_size)
            views = [pixels, pixels[:, :, ::-1]] if self.mirror else [pixels]
            pooled = [self._vectors(view, device) for view in views]
            parts.append(np.mean(pooled, axis=0, dtype=np.float32))
        return np.concatenate(parts)

    def _vectors(self, pixels: NDArray[np.uint8], device: torch.device) -> NDArray[np.float32]:
        outputs = self._frozen.run(pixels, device)
        vectors = [part for parts in self._pooled(x.float() for x in outputs) for part in parts]
        if self.norm == "l2":
            vectors = [nn.functional.normalize(v) for v in vectors]
        return torch.cat(vectors, 1).cpu().numpy()

    def _pooled(self, outputs: Iterable[Tensor]) -> list[list[Tensor]]:
        """Vectors of each node's output."""
        return [
            pool_output(x, layout, self.tokens, self.grids)
            for x, layout in zip(outputs, self._frozen.layouts, strict=True)
        ]
