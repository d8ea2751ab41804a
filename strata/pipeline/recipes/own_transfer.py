"""Transfer from a network of one's own: trained on other images first, then on the data set's."""

from strata.errors import InputError
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.recipe import recipe
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.stage import Node, Options
from strata.pipeline.recipes.networks import trained
from strata.pipeline.stages.networks import (
    network_scores,
    resize,
    train_network,
    train_source_network,
)


@recipe
def transferred(
    data: Data,
    fold: Fold,
    *,
    source: str = "",
    images: Options = resize.options(size=64),
    source_network: Options = train_source_network.options(),
    network: Options = train_network.options(),
) -> Node:
    """Network that starts from another one, trained on a folder of other labeled images.

    All layers but the last are taken over, with the standardization of the images, and trained on;
    the last one is new. The first network is trained once, and copies of the data set's images are
    left out of its training.

    Yosinski, Clune, Bengio and Lipson, "How transferable are features in deep neural networks?"
    (NIPS 2014).

    Args:
        source: folder with one folder of images for each class, or what else `source` under [data]
            may be, but no URL; "scenes": the built-in data set.
    """
    if not source:
        raise InputError(
            "It names no source of images to learn from first.",
            'For example: source = "other_photos", a folder with one folder for each class.',
        )
    assert data.further
    shards, train = data.further.labeled(source)
    initial = source_network(images(shards), train, network["architecture"])
    pixels, fitted = trained(data, fold, "", images, network, initial=initial)
    return network_scores(pixels, fitted, fold.test)
