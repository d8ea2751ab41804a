"""Transfer from a network of one's own: on to the data set's images, or frozen, as features."""

from collections.abc import Iterator
from contextlib import suppress

from strata.errors import InputError
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.recipe import recipe
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.stage import Node, Options, Sharded
from strata.pipeline.recipes.networks import trained
from strata.pipeline.stages.networks import (
    hidden_features,
    network_scores,
    resize,
    train_network,
    train_source_network,
)
from strata.pipeline.stages.pretrained import backbone_features
from strata.pipeline.stages.reductions import concatenate

#: Start of a backbone's name that stands for the network of a method of the experiment file.
OWN = "method:"


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


def own_features(data: Data, fold: Fold, backbone: str, features: Options) -> Sharded:
    """Vectors of layers of the network that a method of the file trains on the same fold.

    Args:
        backbone: "method:NAME".
        features: parameters as of `backbone_features`: `nodes` are the layers, () the input of the
            last one; `norm` as there. The network sees one view of an image, as it was trained.

    Raises:
        InputError: the method trains no network, or has a search; `features` has what only
            pretrained networks have.
    """
    scores = _network_of(data, fold, backbone.removeprefix(OWN))
    pixels, fitted, _ = scores.inputs
    nodes = features["nodes"]
    known = backbone_features.parameters.checked({}, "features")
    further = known.keys() - {"nodes", "norm"}
    changed = [name for name in further if features[name] != known[name]]
    if not isinstance(nodes, list | tuple):
        changed = ["nodes"]
    if changed:
        name = min(changed)
        raise InputError(
            f"features.{name} = {features[name]!r} is for pretrained networks, not for the network "
            f"of '{backbone}'.",
            "Leave it out; features.nodes takes names of the network's layers. It sees one view of "
            "an image, on the device that its own method names.",
        )
    branches = [hidden_features(pixels, fitted, layer=node) for node in nodes or ("embedding",)]
    if features["norm"] == "l2":
        joined: Sharded = concatenate(*branches)
        return joined
    if len(branches) > 1:
        raise InputError(
            'features.norm = "none" is for one of features.nodes: several are put side by side at '
            "length one.",
            "Leave out features.norm, or name one node.",
        )
    return branches[0]


def _network_of(data: Data, fold: Fold, name: str) -> Node:
    """Node of the scores by a network that a method trains.

    Raises:
        InputError: no such method, or no such network, or a search chooses it.
    """
    scores = data.method(name, fold)
    if scores.stage is network_scores:
        return scores
    if scores.stage.role == "selected scores":
        raise InputError(
            f"'{name}' has a search, so its network is not the same in every fold.",
            "Run the search by itself, and set the parameters that it finds.",
        )
    networks = ", ".join(f"'{other}'" for other in _networks(data, fold))
    raise InputError(
        f"'{name}' trains no network of its own whose layers could be features.",
        f"Methods of this file that do: {networks}."
        if networks
        else 'Recipes such as "tinynet", "cnn" and "transferred" do.',
    )


def _networks(data: Data, fold: Fold) -> Iterator[str]:
    """Names of the methods of the file that train networks from scratch."""
    for name in data.names:
        with suppress(InputError):  # of methods that are wrong themselves, or made of this one
            if data.method(name, fold).stage is network_scores:
                yield name
