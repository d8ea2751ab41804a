"""Networks trained from scratch, on the images alone."""

from typing import Any

from strata.parameter_types import NonNegativeInt
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.recipe import recipe
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.stage import Node, Options
from strata.pipeline.recipes.classical import REDUCTIONS, Reductions, classified, classifiers
from strata.pipeline.stages.encodings import bag_of_words, visual_words
from strata.pipeline.stages.networks import (
    hidden_features,
    network_at_size,
    network_scores,
    patch_descriptors,
    resize,
    train_network,
)

#: A perceptron on small copies of whole images.
WHOLE_IMAGES: dict[str, Any] = {
    "architecture": {
        "name": "mlp",
        "hidden": [1024, 512],
        "normalization": "batch",
        "dropout": 0.2,
    },
    "max_lr": 0.003,
    "epochs": 120,
    "augmentation": {
        "flip": True,
        "shift": 0.1,
        "zoom": 0.2,
        "brightness": 0.1,
        "contrast": 0.25,
        "saturation": 0.25,
        "mixup": 0.2,
    },
}
#: A perceptron on windows of three eighths of the side: a new one of each image in each epoch.
WINDOWS: dict[str, Any] = {
    "architecture": {
        "name": "mlp",
        "hidden": [512, 256],
        "normalization": "batch",
        "dropout": 0.1,
    },
    "max_lr": 0.004,
    "epochs": 600,
    "batch_size": 128,
    "augmentation": {"flip": True, "crop": 0.375},
    "tta_views": 8,
}


@recipe
def tinynet(
    data: Data,
    fold: Fold,
    *,
    images: Options = resize.options(size=64),
    test_size: NonNegativeInt = 0,
    network: Options = train_network.options(),
) -> Node:
    """A small network of strided convolutions, trained from scratch.

    Lorente, Riera and Rana, "Image classification with classic and deep learning techniques"
    (arXiv:2105.04895, 2021).

    Args:
        test_size: side of the images that are scored, pixels; 0: that of the training images. The
            network's head must pool its last maps, "average" or "max".
    """
    return _trained(data, fold, images, network, test_size)


@recipe
def cnn(
    data: Data,
    fold: Fold,
    *,
    images: Options = resize.options(size=32),
    test_size: NonNegativeInt = 0,
    network: Options = train_network.options(architecture="cnn", max_lr=0.003),
) -> Node:
    """Convolutions and pooling, trained from scratch, after Lorente, Riera and Rana (2021).

    Args:
        test_size: side of the images that are scored, pixels; 0: that of the training images. The
            network's head must pool its last maps, "average" or "max".
    """
    return _trained(data, fold, images, network, test_size)


@recipe
def mlp(
    data: Data,
    fold: Fold,
    *,
    images: Options = resize.options(size=16),
    network: Options = train_network.options(**WHOLE_IMAGES),
) -> Node:
    """A multi-layer perceptron on the pixels of the whole image.

    Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (Nature
    323, 1986).
    """
    return _trained(data, fold, images, network)


@recipe
def patch_mlp(
    data: Data,
    fold: Fold,
    *,
    images: Options = resize.options(size=64),
    network: Options = train_network.options(**WINDOWS),
) -> Node:
    """A multi-layer perceptron on windows: trained on random ones, scores averaged over a grid.

    Lorente, Riera and Rana (2021).
    """
    return _trained(data, fold, images, network)


@recipe
def deep_svm(
    data: Data,
    fold: Fold,
    *,
    images: Options = resize.options(size=16),
    network: Options = train_network.options(**WHOLE_IMAGES),
    features: Options = hidden_features.options(),
    reduction: Reductions = REDUCTIONS,
    classifier: Options = classifiers(kernel="rbf"),
) -> Node:
    """A hidden layer of a network trained from scratch, as features for an SVM.

    Lorente, Riera and Rana (2021).
    """
    pixels = images(data.images)
    vectors = features(pixels, network(pixels, fold.train, fold.watched(network)))
    return classified(vectors, fold, reduction, classifier)


@recipe
def patch_words(
    data: Data,
    fold: Fold,
    *,
    images: Options = resize.options(size=64),
    network: Options = train_network.options(**WINDOWS),
    descriptor: Options = patch_descriptors.options(),
    codebook: Options = visual_words.options(),
    histogram: Options = bag_of_words.options(),
    reduction: Reductions = REDUCTIONS,
    classifier: Options = classifiers(kernel="intersection"),
) -> Node:
    """Hidden units of a perceptron on windows, as dense local descriptors for a bag of words.

    Lorente, Riera and Rana (2021).
    """
    pixels = images(data.images)
    local = descriptor(pixels, network(pixels, fold.train, fold.watched(network)))
    vectors = histogram(local, codebook(local, fold.train))
    return classified(vectors, fold, reduction, classifier)


def _trained(data: Data, fold: Fold, images: Options, network: Options, test_size: int = 0) -> Node:
    pixels = images(data.images)
    fitted = network(pixels, fold.train, fold.watched(network))
    if test_size and test_size != images["size"]:
        pixels = resize(data.images, **{**images, "size": test_size})
        fitted = network_at_size(fitted, fold.train, size=test_size)
    return network_scores(pixels, fitted, fold.test)
