"""Vectors of several branches, or of a network's nodes, weighted: as given or as learned."""

from collections.abc import Mapping, Sequence
from itertools import compress, pairwise
from typing import Any, Literal

import numpy as np

from strata.errors import InputError
from strata.parameter_types import Weights
from strata.pipeline.graph.decorators import stage, step, view_stage
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.graph.stage import Sharded
from strata.pipeline.stages.reductions import concatenate

#: Training images, and bytes of one branch's vectors, that weights are learned from at most.
MOST_IMAGES, MOST_BYTES = 2000, 2**29


@step
def join(
    branches: Sequence[Sharded], train: Subset, *, weights: Weights | Literal["cv"] = ()
) -> Sharded:
    """Concatenated vectors of several methods, each of length one times the root of its weight.

    So a linear kernel of the result is the weighted sum of the branches' cosine similarities.

    Args:
        weights: one per branch, in their order; none for equal ones; "cv": those of the least
            leave-one-out loss of kernel ridge regression on the training images.
    """
    if weights == "cv":
        return concatenate_by(kernel_weights(branches, train), *branches)
    joined: Sharded = concatenate(*branches, weights=weights)
    return joined


@stage
def kernel_weights(branches: Sequence[Shards], train: Subset) -> dict[str, Any]:
    """Weights of the branches' cosine similarities, by leave-one-out loss (2,000 images at most).

    Of copies of an image only one counts: another in the training set would predict it.
    """
    from strata.models.classifiers.kernel_weights import fit_kernel_weights

    some = _sample(train, min(MOST_BYTES // _row_bytes(branch, train) for branch in branches))
    grams = [_cosines(branch, list(compress(train.digests, some))) for branch in branches]
    codes = np.unique(train.y[some], return_inverse=True)[1]
    weights, log_loss, n_iter = fit_kernel_weights(grams, codes)
    return {
        "weights": weights,
        "log_loss": log_loss,
        "n_iter": n_iter,
        "parameters": len(weights),
    }


@view_stage(role="vectors")
def concatenate_by(fitted: Mapping[str, Any], *branches: Mapping[str, Any]) -> dict[str, Any]:
    """Concatenated vectors of several methods, weighted as `kernel_weights` learned."""
    weights = tuple(map(float, fitted["weights"]))
    joined: dict[str, Any] = concatenate.function(*branches, weights=weights)
    return joined


@stage(role="reduction")
def node_weights(vectors: Shards, features: Shards, train: Subset) -> dict[str, Any]:
    """Weights of the blocks of a network's features, by leave-one-out loss (2,000 images at most).

    Blocks are the nodes, or of each node the class token and each grid of a spatial pyramid.
    Weights start equal, are learned as those of branches, and multiply the blocks' parts in a dot
    product.

    Args:
        vectors: the features, or these after reductions that keep each component in its place.
        features: which have the names and widths of the blocks.

    Raises:
        InputError: there is one block.
    """
    from strata.features.transforms.block_weights import BlockWeights
    from strata.models.classifiers.kernel_weights import fit_kernel_weights

    layout, _ = features.place(train.digests[0])
    names, widths = list(layout["blocks"]), list(map(int, layout["widths"]))
    if len(widths) == 1:
        raise nothing_to_weight()
    some = _sample(train, MOST_BYTES // (max(widths) * 4))
    digests = list(compress(train.digests, some))
    starts = np.cumsum([0, *widths])
    grams = [_gram(vectors.gathered("vectors", digests, slice(*ends))) for ends in pairwise(starts)]
    codes = np.unique(train.y[some], return_inverse=True)[1]
    weights, log_loss, n_iter = fit_kernel_weights(grams, codes)
    return {
        "reduction": BlockWeights(tuple(widths), tuple(weights.tolist())),
        "blocks": names,
        "weights": weights,
        "log_loss": log_loss,
        "n_iter": n_iter,
        "parameters": len(weights),
    }


def nothing_to_weight() -> InputError:
    """Error for weights of a single block, which change nothing."""
    return InputError(
        'node_weights = "cv" weights the parts of several nodes, and there is one node of one '
        "part.",
        "Name several: features.nodes = 4. Or leave out node_weights.",
    )


def _gram(rows: np.ndarray) -> np.ndarray:
    from strata.models.classifiers.gram_matrix import linear_kernel

    return linear_kernel(rows, rows)


def _row_bytes(branch: Shards, train: Subset) -> int:
    return max(1, branch.size("vectors", train) // len(train))


def _sample(train: Subset, most: int) -> np.ndarray:
    """Mask (n,) of the images to learn from: one of each group, the same share of each class."""
    groups = np.arange(len(train)) if train.groups is None else np.asarray(train.groups)
    firsts = np.unique(groups, return_index=True)[1]
    most = min(most, MOST_IMAGES)
    kept = np.zeros(len(train), bool)
    if len(firsts) <= most:
        kept[firsts] = True
        return kept
    drawn = train.rng("kernel weights").permutation(firsts)
    for label in np.unique(train.y):
        own = drawn[train.y[drawn] == label]
        kept[own[: max(2, most * len(own) // len(firsts))]] = True
    return kept


def _cosines(branch: Shards, digests: list[str]) -> np.ndarray:
    """Cosine similarities (n, n) float32; zero vectors have none."""
    from strata.models.classifiers.gram_matrix import linear_kernel

    rows = branch.gathered("vectors", digests)
    gram = linear_kernel(rows, rows)
    lengths = np.sqrt(gram.diagonal())
    inverse = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return gram * inverse * inverse[:, None]
