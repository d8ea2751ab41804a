"""Local descriptors to one vector an image: codebooks learned in the fold, encodings of shards."""

from collections.abc import Mapping
from typing import Any, Literal

from strata.pipeline.graph.inputs import Subset
from strata.parameter_types import (
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    PyramidLevel,
)
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.graph.stage import shard_stage, stage
from strata.pipeline.stages.serialize import of_shard, of_subset


@stage
def visual_words(
    local: Shards,
    train: Subset,
    *,
    words: PositiveInt = 512,
    zero: Literal["drop", "word", "keep"] = "word",
    iterations: PositiveInt = 25,
    sample: PositiveInt = 250_000,
) -> dict[str, Any]:
    """Learn a codebook from descriptors of the training images.

    Parameters as of `strata.features.codebooks.visual_words.VisualWords`.
    """
    from strata.features.codebooks.visual_words import VisualWords

    codebook = VisualWords(words, zero, iterations, sample, random_state=train.seed_for("codebook"))
    codebook.fit(of_subset(local, train.digests))
    return {"codebook": codebook, "parameters": int(codebook.words_.size)}


@shard_stage
def histograms(
    local: Mapping[str, Any],
    fitted: Mapping[str, Any],
    *,
    pyramid: Literal["none", "square", "horizontal", "paper"] = "square",
    levels: PyramidLevel = 2,
    weighted: bool = True,
    assignment: Literal["hard", "soft"] = "hard",
    norm: Literal["none", "l1", "l2", "power"] = "l1",
    per_histogram: bool = False,
) -> dict[str, Any]:
    """Histograms of visual words over a pyramid's cells: `vectors` (images, d) float32.

    Parameters as of `strata.features.encodings.bag_of_words.BagOfWords`.
    """
    from sklearn.frozen import FrozenEstimator

    from strata.features.encodings.bag_of_words import BagOfWords

    encoder = BagOfWords(
        FrozenEstimator(fitted["codebook"]),
        pyramid=pyramid,
        levels=levels,
        weighted=weighted,
        assignment=assignment,
        norm=norm,
        per_histogram=per_histogram,
    )
    return {"vectors": encoder.fit([]).transform(of_shard(local))}


@stage
def fisher_vectors(
    local: Shards,
    train: Subset,
    *,
    components: PositiveInt = 64,
    dimensions: NonNegativeInt = 64,
    whiten: bool = False,
    positions: NonNegativeFloat = 1.0,
    pyramid: Literal["none", "square", "horizontal", "paper"] = "none",
    levels: PyramidLevel = 1,
    keep_zero: bool = True,
    power: PositiveFloat = 0.5,
    norm: Literal["none", "l1", "l2", "power"] = "l2",
    iterations: PositiveInt = 30,
    sample: PositiveInt = 250_000,
) -> dict[str, Any]:
    """Learn a projection and a Gaussian mixture from descriptors of the training images.

    Parameters as of `strata.features.encodings.fisher_vectors.FisherVectors`.
    """
    from strata.features.encodings.fisher_vectors import FisherVectors

    encoder = FisherVectors(
        n_components=components,
        n_dims=dimensions,
        whiten=whiten,
        position_weight=positions,
        pyramid=pyramid,
        levels=levels,
        keep_zero=keep_zero,
        power=power,
        norm=norm,
        max_iter=iterations,
        max_samples=sample,
        random_state=train.seed_for("mixture"),
    )
    encoder.fit(of_subset(local, train.digests))
    learned = [encoder.mixture_.means_, encoder.mixture_.variances_, encoder.mixture_.weights_]
    if encoder.projection_ is not None:
        learned += [encoder.projection_, encoder.offset_]
    return {"encoder": encoder, "parameters": sum(int(array.size) for array in learned)}


@stage
def vlad_vectors(
    local: Shards,
    train: Subset,
    *,
    words: PositiveInt = 64,
    intra: bool = True,
    power: PositiveFloat = 1.0,
    iterations: PositiveInt = 25,
    sample: PositiveInt = 250_000,
) -> dict[str, Any]:
    """Learn a codebook for vectors of locally aggregated descriptors.

    Parameters as of `strata.features.encodings.vlad.VLAD`.
    """
    from strata.features.encodings.vlad import VLAD

    encoder = VLAD(
        n_words=words,
        intra_norm=intra,
        power=power,
        max_iter=iterations,
        max_samples=sample,
        random_state=train.seed_for("vlad"),
    )
    encoder.fit(of_subset(local, train.digests))
    return {"encoder": encoder, "parameters": int(encoder.words_.size)}


@shard_stage
def encode(local: Mapping[str, Any], fitted: Mapping[str, Any]) -> dict[str, Any]:
    """One vector an image: `vectors` (images, d) float32."""
    return {"vectors": fitted["encoder"].transform(of_shard(local))}
