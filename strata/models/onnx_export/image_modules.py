"""Torch modules of what predicts from images: uint8 (n, h, w, channels), as they are exported.

Each computes what the estimator does, with the views of all images in one batch: the graph then
holds a network once, however many views are averaged.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from strata.models.estimators.boundary_prediction import BaseBoundaryClassifier
from strata.models.estimators.image_prediction import BaseImageClassifier
from strata.models.onnx_export.portable_layers import replace_layers
from strata.models.training.augment import reflect_index
from strata.models.training.inference import MARGIN, window_starts
from strata.models.transfer import backbones
from strata.models.transfer.canonical_subgraph import canonical_subgraph, output_layout
from strata.models.transfer.finetuning.boundary import keep
from strata.models.transfer.frozen_backbone import Standardize
from strata.models.transfer.output_pooling import Tokens, pool_output
from strata.models.transfer.subgraph import IMAGES


def mirrored(images: Tensor, mirror: bool) -> list[Tensor]:
    """Images and, if wanted, their mirror images."""
    return [images, images.flip(2)] if mirror else [images]


def one_batch(views: Sequence[Tensor]) -> Tensor:
    """Views (n, h, w, channels) of all images as one batch, (views * n, channels, h, w)."""
    return torch.stack(list(views)).flatten(0, 1).permute(0, 3, 1, 2)


def mean_over_views(rows: Tensor, views: int, images: Tensor) -> Tensor:
    """Mean over the views of each image: (views * n, d) -> (n, d)."""
    return rows.reshape(views, images.shape[0], rows.shape[1]).mean(0)


class NetworkLogits(nn.Module):
    """Logits (n, classes) of a network trained from scratch, the mean over its views.

    Args:
        classifier: fitted; `tta_views`, `tta_flip` and the crop are as in its prediction.
    """

    def __init__(self, classifier: BaseImageClassifier) -> None:
        super().__init__()
        self.network = classifier.network()
        self.network.auxiliary.clear()  # used in training only
        replace_layers(self.network)
        size, window, views = classifier.image_size, classifier.window(), classifier.tta_views
        margin = round(MARGIN * size) if views > 1 and window == size else 0
        self.padded = bool(margin)
        self.places: Tensor
        self.register_buffer("places", reflect_index(torch.arange(-margin, size + margin), size))
        starts = window_starts(size + 2 * margin, window, views)
        self.corners = [(y, x) for y in starts for x in starts]
        self.window, self.flip = window, classifier.tta_flip

    def forward(self, images: Tensor) -> Tensor:
        """Logits (n, classes) of images (n, image_size, image_size, channels) uint8."""
        whole = images
        if self.padded:
            whole = whole.index_select(1, self.places).index_select(2, self.places)
        side = self.window
        crops = [whole[:, y : y + side, x : x + side] for y, x in self.corners]
        views = [view for crop in crops for view in mirrored(crop, self.flip)]
        return mean_over_views(self.network(one_batch(views)), len(views), images)


class FineTunedLogits(nn.Module):
    """Logits (n, classes) of a fine-tuned network, from images through its frozen part.

    Activations at the boundary are rounded to float16, as `boundary_activations` keeps them.

    Args:
        classifier: fitted.
        state: state_dict of the pretrained network.
        mirror: True for the mean over an image and its mirror image.
    """

    def __init__(
        self, classifier: BaseBoundaryClassifier, state: Mapping[str, Any], mirror: bool
    ) -> None:
        super().__init__()
        begin = classifier.freeze_until
        self.frozen = None
        if begin != IMAGES:
            size = classifier.image_size
            self.frozen = frozen_module(classifier.backbone, [begin], state, size)
        self.pooled = begin == classifier.output_node
        self.trained = classifier.network()
        self.mirror = mirror

    def forward(self, images: Tensor) -> Tensor:
        """Logits (n, classes) of images (n, image_size, image_size, 3) uint8."""
        views = mirrored(images, self.mirror)
        x = one_batch(views)
        if self.frozen is not None:
            (output,) = self.frozen(x)
            largest = torch.finfo(torch.float16).max
            kept = keep(output.clamp(-largest, largest).half()).float()
            if self.pooled:
                kept = kept.mean((1, 2), keepdim=True)
            x = kept.permute(0, 3, 1, 2)
        return mean_over_views(self.trained(x), len(views), images)


class BackboneVectors(nn.Module):
    """Features (n, d) by a frozen backbone, as `BackboneFeatures` computes them.

    Args:
        backbone: torchvision's name of the network.
        nodes: whose outputs are pooled.
        state: the network's state_dict.
        image_size, mirror, grids, tokens, norm: as of `BackboneFeatures`.
    """

    def __init__(
        self,
        backbone: str,
        nodes: Sequence[str],
        state: Mapping[str, Any],
        *,
        image_size: int | None,
        mirror: bool,
        grids: Sequence[tuple[int, int]],
        tokens: Tokens,
        norm: str,
    ) -> None:
        super().__init__()
        self.frozen = frozen_module(backbone, nodes, state, image_size)
        self.layouts = [output_layout(backbone, node, image_size) for node in nodes]
        self.mirror, self.grids, self.tokens, self.norm = mirror, grids, tokens, norm

    def forward(self, images: Tensor) -> Tensor:
        """Vectors (n, d) of images (n, image_size, image_size, 3) uint8."""
        views = mirrored(images, self.mirror)
        outputs = self.frozen(one_batch(views))
        vectors = [
            part
            for x, layout in zip(outputs, self.layouts, strict=True)
            for part in pool_output(x, layout, self.tokens, self.grids, cell_means)
        ]
        if self.norm == "l2":
            vectors = [nn.functional.normalize(vector) for vector in vectors]
        return mean_over_views(torch.cat(vectors, 1), len(views), images)


def frozen_module(
    backbone: str, nodes: Sequence[str], state: Mapping[str, Any], image_size: int | None
) -> nn.Module:
    """Pretrained network from pixels (b, 3, h, w) to the outputs of some nodes, a tuple."""
    network = backbones.build(backbone, state, image_size)
    subgraph = canonical_subgraph(backbone, network, IMAGES, nodes, image_size)
    return nn.Sequential(Standardize(backbones.preprocessing(backbone)), subgraph).eval()


def cell_means(maps: Tensor, rows: int, columns: int) -> Tensor:
    """Means of maps in a grid's cells, (n, cells * d).

    Products with two constant matrices: ONNX has no pooling to a number of cells that does not
    divide the maps.
    """
    down, across = _cell_weights(maps.shape[2], rows), _cell_weights(maps.shape[3], columns)
    means = down @ maps @ across.T
    return means.flatten(2).transpose(1, 2).flatten(1)


def _cell_weights(size: int, cells: int) -> Tensor:
    """Weights (cells, size) of the mean in each cell, whose borders are those of torch's
    `adaptive_avg_pool2d`.
    """
    weights = torch.zeros(cells, size)
    for cell in range(cells):
        first, end = cell * size // cells, -((cell + 1) * size // -cells)
        weights[cell, first:end] = 1 / (end - first)
    return weights
