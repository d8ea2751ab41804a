"""Pretrained networks: their weights, and features by a frozen backbone."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from strata.parameter_types import PyramidLayout, PyramidLevel
from strata.pipeline.graph.decorators import shard_stage, stage
from strata.pipeline.graph.inputs import File
from strata.pipeline.store.task_progress import report_progress

if TYPE_CHECKING:
    from torch import Tensor


def weights_file(backbone: str, given: str = "") -> File:
    """File of a network's weights, as an input of stages: other weights give other keys.

    Args:
        backbone, given: as of `strata.models.transfer.weights.named_file`. Where no file is named,
            published weights are meant, by their identity.
    """
    from strata.models.transfer.default_weights import default_weights
    from strata.models.transfer.weights import named_file, weights_digest

    path = named_file(backbone, given)
    if path is None:
        return File(None, default_weights(backbone) or "published")
    return File(path, weights_digest(path) if path.is_file() else "missing")


@stage(role="weights")
def pretrained(file: File, *, backbone: str = "inception_v3") -> dict[str, Any]:
    """Weights of a pretrained network, from a file or downloaded, checked to be complete.

    Args:
        backbone: name of the network.

    Returns:
        `backbone`, and `content`, the tensors as the bytes of a safetensors file, uint8: files of
        weights hold a pickle, and artifacts travel in model files.
    """
    from safetensors.torch import save

    from strata.errors import InputError
    from strata.models.transfer import backbones, weights

    path = weights.obtain_weights(backbone, str(file.path or ""), report_progress)
    if file.path and weights.weights_digest(path) != file.digest:
        raise InputError(f"{path} was changed during the run.", "Make again.")
    read = weights.read_weights(path.read_bytes(), str(path))
    state = backbones.checked_state(backbone, read)
    content = save({name: tensor.clone().contiguous() for name, tensor in state.items()})
    return {"backbone": backbone, "content": np.frombuffer(content, np.uint8)}


def state_of(network: Mapping[str, Any]) -> "dict[str, Tensor]":
    """Tensors of an artifact of `pretrained`, by name.

    Artifacts come in model files of strangers too: nothing but safetensors is read, no pickle.

    Raises:
        InputError: something else.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    from strata.errors import InputError

    try:
        return load(network["content"].tobytes())
    except (SafetensorError, AttributeError, KeyError, ValueError) as error:
        raise InputError(
            f"The weights of {network['backbone']!s:.60} are not in the format safetensors: "
            f"{error}.",
            "Make again, or copy the model file again from where it was made.",
        ) from error


@shard_stage(
    estimator="strata.models.transfer.backbone_features:BackboneFeatures",
    supplies=("backbone", "weights", "grids", "batch_size"),
    role="vectors",
    features="learned",
    accelerator=True,
)
def backbone_features(
    images: Iterable[np.ndarray],
    network: Mapping[str, Any],
    *,
    pyramid: PyramidLayout = "none",
    levels: PyramidLevel = 1,
    **parameters: Any,
) -> dict[str, Any]:
    """Pooled activations at nodes of a pretrained network: `vectors` (images, d) float32.

    Each node is a block of components, or its class token and each grid of cells are: `blocks`
    names them, `widths` are their numbers of components.

    Args:
        pyramid: layout of a spatial pyramid of cells to pool over; "none": the whole image.
        levels: finest level of the pyramid.
    """
    from strata.features.encodings import spatial_pyramid
    from strata.models.transfer.backbone_features import BackboneFeatures

    reader = BackboneFeatures(
        network["backbone"],
        weights=state_of(network),
        grids=[(g.rows, g.columns) for g in spatial_pyramid.pyramid(pyramid, levels)],
        **parameters,
    )
    vectors = reader.fit().transform(images)
    return {
        "vectors": vectors,
        "blocks": [name for name, _ in reader.blocks_],
        "widths": [width for _, width in reader.blocks_],
        "parameters": reader.parameters_,
        "trainable_parameters": 0,
        "frozen_parameters": reader.parameters_,
        "multiply_adds": reader.multiply_adds_,
    }
