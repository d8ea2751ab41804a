"""Networks that have learned from ImageNet, put to other images."""

from strata.pipeline.choice import choice
from strata.pipeline.inputs import Data, Fold
from strata.pipeline.recipe import recipe
from strata.pipeline.stage import Node, Options
from strata.pipeline.stages.classifiers import class_scores, knn, logistic, svm
from strata.pipeline.stages.transfer import backbone_features, pretrained, weights_file


@recipe
def deep_features(
    data: Data,
    fold: Fold,
    *,
    backbone: str = "inception_v3",
    weights: str = "",
    features: Options = backbone_features.options(),
    classifier: Options = choice(logistic.options(), svm.options(), knn.options()),
) -> Node:
    """Activations of a frozen pretrained network, pooled, and a linear classifier.

    Razavian et al., "CNN features off-the-shelf" (CVPR workshops 2014). `backbone` is any
    classification network of torchvision, `weights` a file of its weights.
    """
    network = pretrained(weights_file(backbone, weights), backbone=backbone)
    vectors = features(data.images, network)
    machine = classifier(vectors, fold.train)
    return class_scores(vectors, machine, fold.test)
