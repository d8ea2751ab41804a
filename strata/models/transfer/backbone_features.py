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
from strata.models.transfer.frozen_backbone import (
    FrozenBackbone,
    WeightsLike,
    in_batches,
    resolve_state_dict,
)
from strata.models.transfer.last_nodes import feature_nodes
from strata.models.transfer.subgraph import IMAGES, global_pool, is_channels_last
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
        norm: "l2": scale the vector of each grid of each node to length 1, so that all have the
            same weight; "none".
        batch_size: images at a time.
        device: "auto", "cpu", "cuda" or "mps".

    Attributes:
        nodes_: the nodes used.
        widths_: length of each node's vector, all its cells.
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
        self.norm = norm
        self.batch_size = batch_size
        self.device = device

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Load the weights.

        Raises:
            InputError: no such network or node; cells of a node that gives no map; no
                file, or not this network's weights.
            StrataError: the weights cannot be downloaded.
        """
        if self.norm not in ("none", "l2"):
            raise InputError(f"norm must be 'none' or 'l2': {self.norm!r}.")
        self.nodes_ = feature_nodes(self.backbone, self.nodes)
        state = resolve_state_dict(self.backbone, self.weights)
        self._frozen = FrozenBackbone(self.backbone, self.nodes_, state, self.image_size)
        cost = subgraph_cost(self.backbone, IMAGES, self.nodes_, self._frozen.image_size)
        empty = [torch.empty(1, *shape) for shape in cost.outputs]
        self.widths_ = tuple(sum(p.shape[1] for p in self._pool_cells(x)) for x in empty)
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
        vectors = [vector for x in outputs for vector in self._pool_cells(x.float())]
        if self.norm == "l2":
            vectors = [nn.functional.normalize(v) for v in vectors]
        return torch.cat(vectors, 1).cpu().numpy()

    def _pool_cells(self, x: Tensor) -> list[Tensor]:
        """A node's output, pooled in the cells of each grid: one (n, cells * d) tensor per grid."""
        whole = [tuple(grid) == (1, 1) for grid in self.grids]
        if x.ndim != 4 and not all(whole):
            raise InputError(
                f"There are no cells in {tuple(x.shape[1:])}: it is no map (channels, h, w).",
                "Take one cell, or another node.",
            )
        return [
            global_pool(x) if one else _grid_pool(x, *grid)
            for grid, one in zip(self.grids, whole, strict=True)
        ]


def _grid_pool(maps: Tensor, rows: int, columns: int) -> Tensor:
    """Means of maps in a grid's cells: (n, cells * d)."""
    if is_channels_last(maps.shape):
        maps = maps.permute(0, 3, 1, 2)
    means = nn.functional.adaptive_avg_pool2d(maps, (rows, columns))
    return means.flatten(2).transpose(1, 2).flatten(1)
