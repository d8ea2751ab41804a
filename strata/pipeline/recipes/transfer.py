"""Transfer learning: pretrained networks, frozen or fine-tuned."""

from itertools import takewhile
from typing import Literal

from strata.errors import InputError
from strata.pipeline.graph.choice import choice
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.recipe import recipe
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.stage import Node, Options
from strata.pipeline.recipes.classical import (
    REDUCTIONS,
    Reductions,
    check_classifier,
    classified,
    reduced,
    steps_of,
)
from strata.pipeline.recipes.own_transfer import OWN, own_features
from strata.pipeline.stages.classifiers import knn, logistic, mlp, svm
from strata.pipeline.stages.fine_tuning import (
    boundary_activations,
    fine_tune,
    fine_tuned_scores,
    split_backbone,
    split_inception,
)
from strata.pipeline.stages.joins import node_weights as learned_weights
from strata.pipeline.stages.joins import nothing_to_weight
from strata.pipeline.stages.pretrained import backbone_features, pretrained, weights_file
from strata.pipeline.stages.reductions import apply_reduction, centered_power, standardize


@recipe
def deep_features(
    data: Data,
    fold: Fold,
    *,
    backbone: str = "inception_v3",
    weights: str = "",
    features: Options = backbone_features.options(),
    reduction: Reductions = REDUCTIONS,
    node_weights: Literal["equal", "cv"] = "equal",
    classifier: Options = choice(
        logistic.options(C="cv"), svm.options(), mlp.options(), knn.options()
    ),
) -> Node:
    """Activations of a frozen network, pooled, and a classifier.

    Razavian et al., "CNN features off-the-shelf" (CVPR workshops 2014).

    Args:
        backbone: network of torchvision or timm, see docs/transfer.md; or "method:NAME": the
            network of a method of the file, trained on the same fold.
        weights: file of its weights, or a folder of `BACKBONE.pth`; "": looked for, else
            downloaded.
        node_weights: of the nodes' parts in a dot product of vectors, with class tokens and spatial
            pyramids of the token's and each grid's at each node; "cv": those of the least
            leave-one-out loss on the fold's training images. They are applied before the first
            reduction that mixes components.
    """
    if backbone.startswith(OWN):
        for name, given in (("weights", weights), ("node_weights", node_weights)):
            if given not in ("", "equal"):
                raise InputError(
                    f'{name} = "{given}" is for pretrained networks, not for the network of '
                    f"'{backbone}'.",
                    f"Leave out {name}.",
                )
        return classified(own_features(data, fold, backbone, features), fold, reduction, classifier)
    if node_weights == "cv" and _has_one_block(features):
        raise nothing_to_weight()
    network = pretrained(weights_file(backbone, weights), backbone=backbone)
    found = features(data.images, network)
    if node_weights == "equal":
        return classified(found, fold, reduction, classifier)
    steps = steps_of(reduction)
    check_classifier(steps, classifier)
    before = list(takewhile(lambda step: step.stage in (standardize, centered_power), steps))
    vectors = reduced(found, fold, before)
    vectors = apply_reduction(vectors, learned_weights(vectors, found, fold.train))
    return classified(vectors, fold, tuple(steps[len(before) :]), classifier)


def _has_one_block(features: Options) -> bool:
    """Test for a single node of a single part, as far as parameters alone tell.

    Some named nodes have a class token besides, which only the network tells.
    """
    nodes = features["nodes"]
    if (nodes if isinstance(nodes, int) else len(nodes) or 1) > 1:
        return False
    if features["pyramid"] != "none" and features["levels"]:
        return False
    named = not isinstance(nodes, int) and bool(nodes)
    return not named or features["tokens"] in ("class", "patches")


@recipe
def inception(
    data: Data,
    fold: Fold,
    *,
    weights: str = "",
    blocks: Options = split_inception.options(),
    views: Options = boundary_activations.options(),
    training: Options = fine_tune.options(),
) -> Node:
    """Inception-v3 from ImageNet, cut after a block; the last blocks and a new head are trained.

    Szegedy et al., "Rethinking the Inception architecture" (CVPR 2016). The frozen part runs once
    for each image and view.

    Args:
        weights: file of its weights, or a folder of `inception_v3.pth`; "": looked for, else
            downloaded.
    """
    network = pretrained(weights_file("inception_v3", weights), backbone="inception_v3")
    return _trained_on(data, fold, network, blocks(network), views, training)


@recipe
def fine_tuned(
    data: Data,
    fold: Fold,
    *,
    backbone: str = "squeezenet1_1",
    weights: str = "",
    nodes: Options = split_backbone.options(),
    views: Options = boundary_activations.options(),
    training: Options = fine_tune.options(),
) -> Node:
    """Any classification network of torchvision or timm, fine-tuned after a node of your choice.

    Yosinski et al., "How transferable are features in deep neural networks?" (NeurIPS 2014).

    Args:
        backbone: network of torchvision or timm, see docs/transfer.md.
        weights: file of its weights, or a folder of `BACKBONE.pth`; "": looked for, else
            downloaded.
    """
    if backbone.startswith(OWN):
        raise InputError(
            f'backbone = "{backbone}": a network of your own is trained on by its own recipe.',
            'Recipe "transferred" trains on what was learned from other images; "deep_features" '
            "takes the network as it is.",
        )
    network = pretrained(weights_file(backbone, weights), backbone=backbone)
    return _trained_on(data, fold, network, nodes(network), views, training)


def _trained_on(
    data: Data, fold: Fold, network: Node, parts: Node, views: Options, training: Options
) -> Node:
    from strata.models.estimators.training_conflicts import check_fine_tuning

    check_fine_tuning(training)
    activations = views(data.images, network, parts)
    fitted = training(activations, network, parts, fold.train, fold.watched(training))
    return fine_tuned_scores(activations, fitted, fold.test)
