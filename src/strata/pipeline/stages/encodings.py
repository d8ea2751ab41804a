"""Local descriptors to one vector an image: codebooks learned in the fold, encodings of shards."""

from collections.abc import Mapping
from typing import Any, Literal

from strata.pipeline.inputs import Subset
from strata.pipeline.shards import Shards
from strata.pipeline.stage import shard_stage, stage
from strata.pipeline.stages.local import of_shard, of_subset


@stage
def bag_of_words(
    local: Shards,
    train: Subset,
    *,
    words: int = 512,
    pyramid: Literal["none", "square", "horizontal", "paper"] = "square",
    levels: int = 3,
    assignment: Literal["hard", "soft"] = "hard",
    norm: Literal["none", "l1", "l2", "power"] = "l1",
    sample: int = 250_000,
) -> dict[str, Any]:
    """Learn a codebook from descriptors of the training images.

    Parameters as of `strata.features.bag_of_words.BagOfWords`.
    """
    from strata.features.bag_of_words import BagOfWords

    encoder = BagOfWords(
        words=words,
        pyramid=pyramid,
        levels=levels,
        assignment=assignment,
        norm=norm,
        sample=sample,
        seed=train.seed_for("codebook"),
    )
    encoder.fit(of_subset(local, train.digests))
    return {"encoder": encoder, "parameters": int(encoder.codebook_.centres_.size)}


@stage
def fisher_vectors(
    local: Shards,
    train: Subset,
    *,
    components: int = 64,
    dimensions: int = 64,
    positions: bool = True,
    sample: int = 250_000,
) -> dict[str, Any]:
    """Learn a projection and a Gaussian mixture from descriptors of the training images.

    Parameters as of `strata.features.fisher.FisherVectors`.
    """
    from strata.features.fisher import FisherVectors

    encoder = FisherVectors(
        components=components,
        dimensions=dimensions,
        positions=positions,
        sample=sample,
        seed=train.seed_for("mixture"),
    )
    encoder.fit(of_subset(local, train.digests))
    return {"encoder": encoder, "parameters": encoder.parameters_}


@shard_stage
def encode(local: Mapping[str, Any], fitted: Mapping[str, Any]) -> dict[str, Any]:
    """One vector an image: `vectors` (images, d) float32."""
    return {"vectors": fitted["encoder"].transform(of_shard(local))}
