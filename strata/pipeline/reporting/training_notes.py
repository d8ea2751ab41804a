"""Facts of a network's training that its layers do not show, from the graph alone."""

from collections.abc import Iterable
from inspect import signature
from typing import Any

from strata.pipeline.graph.stage import Input, Node
from strata.pipeline.stages import networks


def source_networks(nodes: Iterable[Node]) -> set[str]:
    """Keys of the networks that others start from."""
    return {
        source.key
        for node in nodes
        if node.stage is networks.train_network
        for source in [_input(node, "initial")]
        if isinstance(source, Node)
    }


def training_notes(node: Node) -> list[str]:
    """Sentences on images, start, pretraining and teacher of a network that a node trains.

    [] of other nodes.
    """
    if node.stage is not networks.train_network:
        return []
    images = [parent for parent in node.parents if parent.stage is networks.resize]
    notes = [_images(parent, node.parameters["augmentation"]) for parent in images[:1]]
    epochs = node.parameters["pretrain_epochs"]
    pretrained, initial = bool(epochs), bool(_input(node, "initial"))
    if initial:
        notes.append(
            f"It starts from the network of {networks.train_source_network.name}: all layers but "
            "the last are taken over."
        )
    if pretrained:
        more = " and those of `unlabeled`" if _input(node, "unlabeled") else ""
        notes.append(
            "All layers but the last are pretrained first, as denoising autoencoders, without "
            f"labels: {epochs} epochs each, on the training images{more}."
        )
    if initial or pretrained:
        notes.append(_frozen(node.parameters["frozen_epochs"], node.parameters["epochs"]))
    if _input(node, "teacher"):
        notes.append("It learns from the soft labels of a teacher too.")
    return notes


def _images(resize: Node, augmentation: Any) -> str:
    from strata.models.training.augment_config import Augmentation

    size = resize.parameters["size"]
    window = Augmentation.of(augmentation).window(size)
    crops = f"; it takes crops of {window} x {window} pixels" if window < size else ""
    channels = "3 channels" if resize.parameters["color"] else "1 channel (gray)"
    return f"Its images have {size} x {size} pixels and {channels}{crops}."


def _frozen(epochs: int, of: int) -> str:
    if not epochs:
        return "No layer is frozen: all are trained from the first epoch on."
    if epochs >= of:
        return f"These layers stay frozen in all {of} epochs; only the last one is trained."
    first = "first epoch" if epochs == 1 else f"first {epochs} epochs"
    return f"These layers stay frozen in the {first} of {of}, then all are trained."


def _input(node: Node, name: str) -> Input | None:
    """The input of a training that stands for an argument of `train_network`; None of none."""
    place = list(signature(networks.train_network.function).parameters).index(name)
    given = node.inputs[place] if place < len(node.inputs) else None
    return given if isinstance(given, Node) or given else None
