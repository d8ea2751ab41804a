"""Grad-CAM inside pretrained networks, the frozen part included."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn

from strata.models.estimators.boundary_prediction import BaseBoundaryClassifier
from strata.models.estimators.grad_cam import grad_cam_maps, weighted_maps
from strata.models.estimators.network_evidence import EvidenceMaps
from strata.models.transfer import backbones
from strata.models.transfer.backbone_features import BackboneFeatures
from strata.models.transfer.canonical_subgraph import canonical_subgraph
from strata.models.transfer.finetuning.boundary import keep
from strata.models.transfer.frozen_backbone import Standardize
from strata.models.transfer.last_map import from_last_map
from strata.models.transfer.subgraph import IMAGES

#: From the outputs of a backbone's nodes to one number per image, (b,), differentiably.
Score = Callable[[tuple[Tensor, ...]], Tensor]


class DifferentiableBackbone:
    """Part of a pretrained network from images to some nodes, as a function of its last map.

    Args:
        backbone: a classification network of torchvision.
        nodes: whose outputs are wanted.
        state: the network's state_dict.
        image_size: width and height of the images, pixels; None: what the network was made for.
    """

    def __init__(
        self,
        backbone: str,
        nodes: Sequence[str],
        state: Mapping[str, Tensor],
        image_size: int | None = None,
    ) -> None:
        network = backbones.build(backbone, state, image_size)
        self._standardize = Standardize(backbones.preprocessing(backbone))
        self._subgraph: fx.GraphModule = canonical_subgraph(
            backbone, network, IMAGES, nodes, image_size
        )
        self._subgraph.eval().requires_grad_(False)

    def grad_cam(self, pixels: NDArray[np.uint8], score: Score) -> Tensor:
        """Grad-CAM of a score at the last map before the nodes' outputs.

        Of several nodes, the map is that of the last one, and earlier outputs count as constants.

        Args:
            pixels: (b, image_size, image_size, 3).
            score: of the nodes' outputs.

        Returns:
            (b, 1, h', w'), not negative; (b, 1, 0, 0) if the score depends on no map.
        """
        images = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2)
        found = from_last_map(self._subgraph, self._standardize(images))
        if found is None:
            return torch.zeros(len(pixels), 1, 0, 0)
        maps, outputs = found
        with torch.enable_grad():
            return weighted_maps(maps, score(outputs))


def fine_tuned_evidence(
    classifier: BaseBoundaryClassifier,
    views: NDArray[np.generic],
    columns: NDArray[np.int64],
    pixels: NDArray[np.uint8],
    state: Callable[[], Mapping[str, Tensor]],
) -> EvidenceMaps:
    """Grad-CAM of a fine-tuned network at its last map, in the frozen part if no other has one.

    Args:
        classifier: fitted.
        views: (n, v, h, w, channels), what it scores: the image and, if v is 2, its mirror image;
            scores are means over both, and so is the evidence.
        columns: (n,) column of each image's class among the scores.
        pixels: (n, image_size, image_size, 3), the images themselves.
        state: gives the pretrained network's state_dict; called if the frozen part is looked into.
    """
    module, targets = classifier.network(), torch.as_tensor(columns)
    begin, frozen = classifier.freeze_until, None

    def score(outputs: tuple[Tensor, ...]) -> Tensor:
        kept = keep(outputs[0].float())
        if begin == classifier.output_node:
            kept = kept.mean((1, 2), keepdim=True)
        return module(kept.permute(0, 3, 1, 2)).gather(1, targets[:, None])[:, 0]

    found = []
    for number in range(views.shape[1]):
        x = torch.from_numpy(np.ascontiguousarray(views[:, number])).permute(0, 3, 1, 2)
        maps = grad_cam_maps(module, x.float(), targets)
        if not maps.numel() and begin != IMAGES:
            frozen = frozen or DifferentiableBackbone(
                classifier.backbone, [begin], state(), classifier.image_size
            )
            maps = frozen.grad_cam(pixels[:, :, ::-1] if number else pixels, score)
        found.append(maps.flip(3) if number else maps)
    return EvidenceMaps(torch.stack(found).mean(0)[:, 0].numpy(), signed=False)


def backbone_evidence(
    features: BackboneFeatures,
    state: Mapping[str, Tensor],
    pixels: NDArray[np.uint8],
    gradients: NDArray[np.floating],
) -> EvidenceMaps:
    """Grad-CAM of a function of a frozen network's features, at its last map before pooling.

    Args:
        features: fitted.
        state: the network's state_dict.
        pixels: (n, image_size, image_size, 3).
        gradients: (n, d) of the function, with respect to the features.
    """
    backbone = DifferentiableBackbone(
        features.backbone, features.nodes_, state, features.image_size
    )
    weights = torch.as_tensor(np.asarray(gradients, np.float32))

    def score(outputs: tuple[Tensor, ...]) -> Tensor:
        pooled = features._pooled(x.float() for x in outputs)
        parts = [part for vectors in pooled for part in vectors]
        if features.norm == "l2":
            parts = [nn.functional.normalize(part) for part in parts]
        return (torch.cat(parts, 1) * weights).sum(1)

    maps = backbone.grad_cam(pixels, score)
    if features.mirror:
        maps = (maps + backbone.grad_cam(pixels[:, :, ::-1], score).flip(3)) / 2
    return EvidenceMaps(maps[:, 0].numpy(), signed=False)
