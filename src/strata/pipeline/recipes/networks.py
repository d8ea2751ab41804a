"""Networks that learn from the images alone, from scratch."""

from strata.pipeline.inputs import Data, Fold
from strata.pipeline.recipe import recipe
from strata.pipeline.stage import Node, Options
from strata.pipeline.stages.networks import network_scores, resized, train_network


@recipe
def tinynet(
    data: Data,
    fold: Fold,
    *,
    images: Options = resized.options(size=64),
    network: Options = train_network.options(),
) -> Node:
    """A small network trained from scratch: four 3x3 blocks of stride 2, global average pooling."""
    pixels = images(data.images)
    fitted = network(pixels, fold.train)
    return network_scores(pixels, fitted, fold.test)
