"""Networks trained from scratch, on the images alone."""

from collections.abc import Sequence
from typing import Any

from strata.errors import InputError
from strata.parameter_types import NonNegativeInt
from strata.pipeline.graph.inputs import Fold, ImageShard, Subset
from strata.pipeline.graph.recipe import recipe
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.stage import Node, Options, Sharded
from strata.pipeline.recipes.classical import REDUCTIONS, Reductions, classified, classifiers
from strata.pipeline.recipes.network_checks import check_test_size
from strata.pipeline.stages.encodings import bag_of_words, visual_words
from strata.pipeline.stages.networks import (
    hidden_features,
    network_at_size,
    network_scores,
    patch_descriptors,
    resize,
    train_network,
)

#: Value of `unlabeled` that stands for training images.
TRAINING = "training"
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
    unlabeled: str = "",
    images: Options = resize.options(size=64),
    test_size: NonNegativeInt = 0,
    network: Options = train_network.options(),
) -> Node:
    """A small network of strided convolutions, trained from scratch.

    Lorente, Riera and Rana, "Image classification with classic and deep learning techniques"
    (arXiv:2105.04895, 2021).

    Args:
        unlabeled: folder of images without labels to pretrain on too, with `pretrain_epochs`;
            "training": the training images that `train_per_class` leaves out; "": none.
        test_size: side of the images that are scored, pixels; 0: that of the training images. The
            network's head must pool its last maps, "average" or "max".
    """
    return _scores(data, fold, unlabeled, images, network, test_size)


@recipe
def cnn(
    data: Data,
    fold: Fold,
    *,
    unlabeled: str = "",
    images: Options = resize.options(size=32),
    test_size: NonNegativeInt = 0,
    network: Options = train_network.options(architecture="cnn", max_lr=0.003),
) -> Node:
    """Convolutions and pooling, trained from scratch, after Lorente, Riera and Rana (2021).

    Args:
        unlabeled: folder of images without labels to pretrain on too, with `pretrain_epochs`;
            "training": the training images that `train_per_class` leaves out; "": none.
        test_size: side of the images that are scored, pixels; 0: that of the training images. The
            network's head must pool its last maps, "average" or "max".
    """
    return _scores(data, fold, unlabeled, images, network, test_size)


@recipe
def mlp(
    data: Data,
    fold: Fold,
    *,
    unlabeled: str = "",
    images: Options = resize.options(size=16),
    network: Options = train_network.options(**WHOLE_IMAGES),
) -> Node:
    """A multi-layer perceptron on the pixels of the whole image.

    Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (Nature
    323, 1986).

    Args:
        unlabeled: folder of images without labels to pretrain on too, with `pretrain_epochs`;
            "training": the training images that `train_per_class` leaves out; "": none.
    """
    return _scores(data, fold, unlabeled, images, network)


@recipe
def patch_mlp(
    data: Data,
    fold: Fold,
    *,
    unlabeled: str = "",
    images: Options = resize.options(size=64),
    network: Options = train_network.options(**WINDOWS),
) -> Node:
    """A multi-layer perceptron on windows: trained on random ones, scores averaged over a grid.

    Lorente, Riera and Rana (2021).

    Args:
        unlabeled: folder of images without labels to pretrain on too, with `pretrain_epochs`;
            "training": the training images that `train_per_class` leaves out; "": none.
    """
    return _scores(data, fold, unlabeled, images, network)


@recipe
def deep_svm(
    data: Data,
    fold: Fold,
    *,
    unlabeled: str = "",
    images: Options = resize.options(size=16),
    network: Options = train_network.options(**WHOLE_IMAGES),
    features: Options = hidden_features.options(),
    reduction: Reductions = REDUCTIONS,
    classifier: Options = classifiers(kernel="rbf"),
) -> Node:
    """A hidden layer of a network trained from scratch, as features for an SVM.

    Lorente, Riera and Rana (2021).

    Args:
        unlabeled: folder of images without labels to pretrain on too, with `pretrain_epochs`;
            "training": the training images that `train_per_class` leaves out; "": none.
    """
    pixels, fitted = trained(data, fold, unlabeled, images, network)
    vectors = features(pixels, fitted)
    return classified(vectors, fold, reduction, classifier)


@recipe
def patch_words(
    data: Data,
    fold: Fold,
    *,
    unlabeled: str = "",
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

    Args:
        unlabeled: folder of images without labels to pretrain on too, with `pretrain_epochs`;
            "training": the training images that `train_per_class` leaves out; "": none.
    """
    pixels, fitted = trained(data, fold, unlabeled, images, network)
    local = descriptor(pixels, fitted)
    vectors = histogram(local, codebook(local, fold.train))
    return classified(vectors, fold, reduction, classifier)


def _scores(
    data: Data, fold: Fold, unlabeled: str, images: Options, network: Options, test_size: int = 0
) -> Node:
    pixels, fitted = trained(data, fold, unlabeled, images, network)
    if test_size and test_size != images["size"]:
        check_test_size(network, test_size)
        pixels = resize(data.images, **{**images, "size": test_size})
        fitted = network_at_size(fitted, fold.train, size=test_size)
    return network_scores(pixels, fitted, fold.test)


def trained(
    data: Data,
    fold: Fold,
    unlabeled: str,
    images: Options,
    network: Options,
    teacher: Node | tuple[()] = (),
    initial: Node | tuple[()] = (),
) -> tuple[Sharded, Node]:
    """Resized images, and the network trained on a fold's training part.

    Args:
        unlabeled: see the recipes.
        teacher: soft labels, or ().
        initial: network to start from, or ().

    Raises:
        InputError: images without labels are named that no pretraining uses, or there are none.
    """
    from strata.models.estimators.training_conflicts import check_conflicts

    check_conflicts(network, initial=bool(initial))
    pixels = images(data.images)
    more = unlabeled_images(data, fold, unlabeled, network)
    resized = [images(more[0]), more[1]] if more else []
    return pixels, network(pixels, fold.train, fold.watched(network), teacher, resized, initial)


def unlabeled_images(
    data: Data, fold: Fold, unlabeled: str, network: Options
) -> tuple[Sequence[ImageShard], Subset] | None:
    """Shards of images, and those among them that a network is pretrained on too; None of ""."""
    if not unlabeled:
        return None
    if not network["pretrain_epochs"]:
        raise InputError(
            f'unlabeled = "{unlabeled}": images without labels are for pretraining, and '
            "network.pretrain_epochs is 0.",
            "Set it, for example network.pretrain_epochs = 10.",
        )
    if unlabeled != TRAINING:
        assert data.further
        return data.further.unlabeled(unlabeled)
    if not fold.left_out:
        raise InputError(
            f'unlabeled = "{TRAINING}": no training images are left out in {fold.name}.',
            "Set train_per_class to fewer than there are, or name a folder of images.",
        )
    return data.images, fold.left_out
