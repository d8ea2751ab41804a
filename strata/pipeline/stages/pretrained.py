"""Pretrained networks as they are: their weights, and what they make of images."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from strata.pipeline.graph.inputs import File
from strata.parameter_types import PositiveInt, PyramidLevel
from strata.pipeline.graph.stage import shard_stage, stage
from strata.pipeline.store.task_progress import report_progress

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


def weights_file(backbone: str, given: str = "") -> File:
    """The file of a network's weights as an input: whoever has other weights has other results.

    Args:
        backbone, given: as of `strata.models.transfer.weights.named_file`. Where no file is named,
            torchvision's own weights are meant; the digest in their name is checked when read.
    """
    from strata.models.transfer.weights import named_file, weights_digest

    path = named_file(backbone, given)
    if path is None:
        return File(None, "torchvision")
    return File(path, weights_digest(path) if path.is_file() else "missing")


@stage
def pretrained(file: File, *, backbone: str = "inception_v3") -> dict[str, Any]:
    """The weights of a torchvision network, from a file or fetched, checked to be all there.

    `content` is the file, uint8.
    """
    import numpy as np

    from strata.errors import InputError
    from strata.models.transfer import backbones, weights

    path = weights.obtain(backbone, str(file.path or ""), report_progress)
    if file.path and weights.weights_digest(path) != file.digest:
        raise InputError(f"{path} was changed during the run.", "Make again.")
    content = path.read_bytes()
    backbones.build(backbone, weights.read(content, str(path)))
    return {"backbone": backbone, "content": np.frombuffer(content, np.uint8)}


def state_of(network: Mapping[str, Any]) -> "dict[str, Tensor]":
    """The tensors of what `pretrained` made."""
    from strata.models.transfer.weights import read

    return read(network["content"].tobytes(), network["backbone"])


@shard_stage
def backbone_features(
    images: "Iterable[np.ndarray]",
    network: Mapping[str, Any],
    *,
    nodes: tuple[str, ...] = (),
    side: PositiveInt | None = None,
    mirror: bool = True,
    pyramid: Literal["none", "square", "horizontal", "paper"] = "none",
    levels: PyramidLevel = 1,
    norm: Literal["none", "l2"] = "l2",
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> dict[str, Any]:
    """Pooled activations at nodes of a pretrained network: `vectors` (images, d) float32.

    Parameters as of `BackboneFeatures`, but for the cells of its grids.

    Args:
        pyramid, levels: layout and finest level of a spatial pyramid of cells, as of
            `strata.features.encodings.spatial_pyramid.pyramid`.
    """
    from strata.features.encodings import spatial_pyramid as pyramids
    from strata.models.transfer.backbone_features import BackboneFeatures

    reader = BackboneFeatures(
        network["backbone"],
        nodes=nodes,
        weights=state_of(network),
        image_size=side,
        mirror=mirror,
        grids=[(g.rows, g.columns) for g in pyramids.pyramid(pyramid, levels)],
        norm=norm,
        device=device,
    )
    return {
        "vectors": reader.fit().transform(images),
        "parameters": reader.parameters_,
        "multiply_adds": reader.multiply_adds_,
    }
