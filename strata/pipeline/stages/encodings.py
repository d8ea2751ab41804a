"""Local descriptors to one vector an image: codebooks learned in the fold, encodings of shards."""

import warnings
from collections.abc import Mapping
from typing import Any

from strata.pipeline.graph.decorators import shard_stage, stage
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.stages.serialize import of_shard, of_subset


@stage(
    estimator="strata.features.codebooks.visual_words:VisualWords",
    role="codebook",
)
def visual_words(local: Shards, train: Subset, **parameters: Any) -> dict[str, Any]:
    """Codebook of visual words, k-means on descriptors of the training images."""
    from strata.features.codebooks.visual_words import VisualWords

    codebook = VisualWords(**parameters, random_state=train.seed_for("codebook"))
    told = _fit(codebook, local, train)
    return {"codebook": codebook, "parameters": int(codebook.words_.size), "warnings": told}


@shard_stage(
    estimator="strata.features.encodings.bag_of_words:BagOfWords",
    supplies=("codebook",),
    role="vectors",
)
def bag_of_words(
    local: Mapping[str, Any], fitted: Mapping[str, Any], **parameters: Any
) -> dict[str, Any]:
    """Histograms of visual words over a pyramid's cells: `vectors` (images, d) float32."""
    from sklearn.frozen import FrozenEstimator

    from strata.features.encodings.bag_of_words import BagOfWords

    encoder = BagOfWords(FrozenEstimator(fitted["codebook"]), **parameters)
    return {"vectors": encoder.fit([]).transform(of_shard(local))}


@stage(
    estimator="strata.features.encodings.fisher_vectors:FisherVectors",
    role="encoder",
)
def fisher_vectors(local: Shards, train: Subset, **parameters: Any) -> dict[str, Any]:
    """PCA and Gaussian mixture of Fisher vectors, learned from the training images."""
    from strata.features.encodings.fisher_vectors import FisherVectors

    encoder = FisherVectors(**parameters, random_state=train.seed_for("mixture"))
    told = _fit(encoder, local, train)
    mixture = encoder.mixture_
    learned = [mixture.means_, mixture.covariances_, mixture.weights_]
    learned += [encoder.projection_, encoder.mean_]
    size = sum(int(array.size) for array in learned)
    return {"encoder": encoder, "parameters": size, "warnings": told}


@stage(estimator="strata.features.encodings.vlad:VLAD", role="encoder")
def vlad(local: Shards, train: Subset, **parameters: Any) -> dict[str, Any]:
    """Codebook of VLAD (vector of locally aggregated descriptors)."""
    from strata.features.encodings.vlad import VLAD

    encoder = VLAD(**parameters, random_state=train.seed_for("vlad"))
    told = _fit(encoder, local, train)
    return {"encoder": encoder, "parameters": int(encoder.words_.size), "warnings": told}


def _fit(learner: Any, local: Shards, train: Subset) -> list[str]:
    """Fit on the training images' descriptors; the warnings of k-means, for the report."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings(record=True, action="always") as caught:
        learner.fit(of_subset(local, train.digests))
    return [str(w.message) for w in caught if issubclass(w.category, ConvergenceWarning)]


@shard_stage(role="vectors")
def encode(local: Mapping[str, Any], fitted: Mapping[str, Any]) -> dict[str, Any]:
    """One vector an image by a fitted encoder: `vectors` (images, d) float32."""
    return {"vectors": fitted["encoder"].transform(of_shard(local))}
