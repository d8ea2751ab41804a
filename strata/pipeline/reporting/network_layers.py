"""Layers of a method's networks from its graph alone: no training, and no weights are read."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from strata.pipeline.graph.stage import Node
from strata.pipeline.stages import fine_tuning, networks, pretrained

if TYPE_CHECKING:
    from strata.pipeline.reporting.described_layers import DescribedLayer


def network_layers(node: Node, classes: int) -> "list[DescribedLayer]":
    """Layers of the network that a node trains, or describes images with.

    [] of other nodes, and of stages of the user's own, whose parameters nobody knows.

    Args:
        classes: number of classes.

    Raises:
        InputError: parameters that no network can be built from.
    """
    images, weights = _parent(node, networks.resize), _parent(node, pretrained.pretrained)
    if images and node.stage is networks.train_network:
        return _from_scratch(node, images, classes, images.parameters["size"])
    if node.stage is networks.network_at_size:
        training = next(n for n in node.parents if n.stage is networks.train_network)
        images = next(n for n in training.parents if n.stage is networks.resize)
        return _from_scratch(training, images, classes, node.parameters["size"])
    if weights and node.stage is fine_tuning.fine_tune:
        return _fine_tuned(node, weights.parameters["backbone"], classes)
    if weights and node.stage is pretrained.backbone_features:
        return _described(node, weights.parameters["backbone"])
    return []


def _from_scratch(node: Node, images: Node, classes: int, size: int) -> "list[DescribedLayer]":
    from strata.models.estimators.network_classifier import NetworkClassifier
    from strata.models.training.embedding_losses import Loss
    from strata.pipeline.reporting.described_layers import described_layers

    known = NetworkClassifier().get_params()
    parameters = {name: value for name, value in node.parameters.items() if name in known}
    classifier = NetworkClassifier(**{**parameters, "image_size": size})
    rows = described_layers(
        classifier.architecture,
        image_size=classifier.window(),
        num_classes=classes,
        channels=3 if images.parameters["color"] else 1,
    )
    if Loss.of(classifier.loss).name != "arcface":
        return rows
    return [_without_bias(row, classes) if row.name == "scores" else row for row in rows]


def _without_bias(row: "DescribedLayer", classes: int) -> "DescribedLayer":
    """A last layer whose scores are cosines."""
    return replace(row, parameters=row.parameters - classes, trainable=row.trainable - classes)


def _fine_tuned(node: Node, backbone: str, classes: int) -> "list[DescribedLayer]":
    from strata.models.transfer.finetuning.finetune_layers import finetune_layers
    from strata.pipeline.reporting.described_layers import DescribedLayer

    split = next(n for n in node.parents if n.stage.role == "backbone split")
    parts: dict[str, Any] = split.stage.run({"backbone": backbone}, **split.parameters)
    rows = finetune_layers(
        backbone,
        parts["freeze_until"],
        [parts["output_node"], *parts["head_inputs"]],
        num_classes=classes,
        image_size=parts["image_size"],
        train=bool(node.parameters["epochs"]),
        lora_rank=node.parameters["lora_rank"],
        head_hidden=node.parameters["head_hidden"],
    )
    return [DescribedLayer.of(row) for row in rows]


def _described(node: Node, backbone: str) -> "list[DescribedLayer]":
    from strata.models.transfer.finetuning.finetune_layers import finetune_layers
    from strata.models.transfer.last_nodes import feature_nodes
    from strata.pipeline.reporting.described_layers import DescribedLayer

    nodes = feature_nodes(backbone, node.parameters["nodes"])
    rows = finetune_layers(
        backbone,
        nodes[-1],
        nodes[-1:],
        num_classes=0,
        image_size=node.parameters["image_size"],
    )
    return [DescribedLayer.of(row) for row in rows]


def _parent(node: Node, stage: Any) -> Node | None:
    """The first input of a node that a stage makes, if there is one."""
    return next((parent for parent in node.parents if parent.stage is stage), None)
