"""Images to what a pretrained network sees in them: activations at its nodes."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from strata.errors import InputError
from strata.models.runtime.devices import choose_device
from strata.models.training.resize import resize_images
from strata.models.transfer.frozen_backbone import FrozenBackbone, Weights, in_batches, state_of
from strata.models.transfer.subgraph import IMAGES, last_node, pool
from strata.models.transfer.subgraph_flops import part_cost


class BackboneFeatures(TransformerMixin, BaseEstimator):
    """A pretrained network's activations as vectors: pooled over places, nodes side by side.

    Nothing is learned: `fit` reads the weights.

    Args:
        backbone: a classification network of torchvision.
        nodes: where to look (see `sections.nodes`); empty: before its last layer.
        weights: a file of weights, or a folder that holds `BACKBONE.pth`; "": the variable
            STRATA_WEIGHTS, torch's hub folder, or torchvision's server. Or a state_dict.
        image_size: of the square that an image is brought to (`images.resize_image`), pixels; None:
            what the network was made for.
        mirror: the mean of an image's vector and its mirror image's.
        grids: rows and columns of cells that maps are pooled in, one grid after another: scenes
            have their order from top to bottom. He, Zhang, Ren and Sun, "Spatial pyramid pooling
            in deep convolutional networks" (ECCV 2014). Cells share the places at their borders
            where the map's side is no multiple of their number.
        norm: "l2": the vector of each grid of each node to length 1, so that they count alike;
            "none".
        batch_size: images at a time.
        device: "auto", "cpu", "cuda" or "mps".

    Attributes:
        nodes_: the nodes looked at.
        widths_: length of each node's vector, all its cells.
        parameters_: numbers in the part of the network that is run.
        multiply_adds_: for one image (both its views, with `mirror`).
    """

    def __init__(
        self,
        backbone: str = "inception_v3",
        *,
        nodes: Sequence[str] = (),
        weights: Weights = "",
        image_size: int | None = None,
        mirror: bool = False,
        grids: Sequence[tuple[int, int]] = ((1, 1),),
        norm: Literal["none", "l2"] = "none",
        batch_size: int = 16,
        device: str = "auto",
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
        """Read the weights.

        Raises:
            InputError: no such network or node; cells of a node that gives no map; no
                file, or not this network's weights.
            StrataError: the weights cannot be fetched.
        """
        if self.norm not in ("none", "l2"):
            raise InputError(f"norm must be 'none' or 'l2': {self.norm!r}.")
        self.nodes_ = tuple(self.nodes) or (last_node(self.backbone),)
        self._frozen = FrozenBackbone(
            self.backbone, self.nodes_, state_of(self.backbone, self.weights), self.image_size
        )
        cost = part_cost(self.backbone, IMAGES, self.nodes_, self._frozen.side)
        empty = [torch.empty(1, *shape) for shape in cost.outputs]
        self.widths_ = tuple(sum(p.shape[1] for p in self._cells(x)) for x in empty)
        self.parameters_ = cost.parameters
        self.multiply_adds_ = cost.multiply_adds * (2 if self.mirror else 1)
        return self

    def transform(self, X: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """One vector an image.

        Args:
            X: images, uint8 RGB (h, w, 3) or gray (h, w), of any sizes.

        Returns:
            (n, sum of widths) float32, the nodes in their order.
        """
        check_is_fitted(self)
        device = choose_device(self.device)
        parts = [np.zeros((0, sum(self.widths_)), np.float32)]
        for images in in_batches(X, self.batch_size):
            pixels = resize_images(images, self._frozen.side)
            views = [pixels, pixels[:, :, ::-1]] if self.mirror else [pixels]
            pooled = [self._pooled(view, device) for view in views]
            parts.append(np.mean(pooled, axis=0, dtype=np.float32))
        return np.concatenate(parts)

    def _pooled(self, pixels: NDArray[np.uint8], device: torch.device) -> NDArray[np.float32]:
        outputs = self._frozen.run(pixels, device)
        vectors = [vector for x in outputs for vector in self._cells(x.float())]
        if self.norm == "l2":
            vectors = [nn.functional.normalize(v) for v in vectors]
        return torch.cat(vectors, 1).cpu().numpy()

    def _cells(self, x: Tensor) -> list[Tensor]:
        """A node's output, pooled in the cells of each grid: one (n, cells d) tensor a grid."""
        whole = [tuple(grid) == (1, 1) for grid in self.grids]
        if x.ndim != 4 and not all(whole):
            raise InputError(
                f"There are no cells in {tuple(x.shape[1:])}: it is no map (channels, h, w).",
                "Take one cell, or another node.",
            )
        return [
            pool(x) if one else _in_cells(x, *grid)
            for grid, one in zip(self.grids, whole, strict=True)
        ]


def _in_cells(maps: Tensor, rows: int, columns: int) -> Tensor:
    """Means of (n, d, h, w) maps in a grid's cells: (n, cells d)."""
    means = nn.functional.adaptive_avg_pool2d(maps, (rows, columns))
    return means.flatten(2).transpose(1, 2).flatten(1)
