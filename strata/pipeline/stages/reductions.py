"""Vectors to vectors: scaled, projected, put side by side."""

from collections.abc import Mapping
from typing import Any, Literal

from strata.pipeline.graph.inputs import Subset
from strata.parameter_types import (
    NonNegativeInt,
    OpenUnitInterval,
    PositiveFloat,
    PositiveInt,
    Weights,
    check_weights,
)
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.graph.stage import shard_stage, stage, view_stage

#: Bytes of vectors that projections are learned from at most; a fit holds some copies of them, for
#: discriminants in double precision.
FOR_PCA = 2**29
FOR_LDA = 2**27


@stage
def standardize(vectors: Shards, train: Subset) -> dict[str, Any]:
    """Each component to mean 0 and variance 1 over the training images."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    for _, rows in vectors.blocks("vectors", train):
        scaler.partial_fit(rows)
    return {"reduction": scaler, "parameters": 2 * int(scaler.n_features_in_)}


@stage
def centered_power(vectors: Shards, train: Subset, *, alpha: PositiveFloat = 0.5) -> dict[str, Any]:
    """Signed power of each component, minus its mean over the training images.

    Parameters as of `strata.features.transforms.normalize.CenteredPower`.
    """
    from strata.features.transforms.normalize import CenteredPower

    centering = CenteredPower(alpha)
    for _, rows in vectors.blocks("vectors", train):
        centering.partial_fit(rows)
    return {"reduction": centering, "parameters": int(centering.n_features_in_)}


@stage
def pca(
    vectors: Shards,
    train: Subset,
    *,
    components: PositiveInt | OpenUnitInterval = 64,
    whiten: bool = False,
) -> dict[str, Any]:
    """Principal components of the training images' vectors (of half a gigabyte at most).

    Args:
        components: how many, no more than there are images and dimensions; below 1, as many as
            keep that share of the variance.
        whiten: whether each component is scaled to variance 1; those that do not vary, of fewer
            images than components or of copies, are left out then.
    """
    import numpy as np
    from sklearn.decomposition import PCA

    from strata.features.encodings.fisher_vectors import NOISE

    rows, _ = vectors.some_rows("vectors", train, FOR_PCA)
    most = components if components < 1 else min(int(components), *rows.shape)
    found = PCA(most, whiten=whiten, random_state=train.seed_for("pca")).fit(rows)
    varying = int(np.sum(found.explained_variance_ > NOISE * found.explained_variance_[0]))
    if whiten and 0 < varying < found.n_components_:
        found = PCA(varying, whiten=True, random_state=train.seed_for("pca")).fit(rows)
    return {"reduction": found, "parameters": int(found.components_.size + found.mean_.size)}


@stage
def lda(vectors: Shards, train: Subset, *, components: PositiveInt | None = None) -> dict[str, Any]:
    """Fisher's linear discriminants of the training images' classes.

    They are learned from `FOR_LDA` bytes of vectors at most, as large a share of each class.
    Parameters as of `strata.features.transforms.lda.LDA`.
    """
    from strata.features.transforms.lda import LDA

    rows = vectors.some_rows("vectors", train, FOR_LDA)
    found = LDA(components).fit(*rows)
    return {"reduction": found, "parameters": int(found.directions_.size + found.mean_.size)}


@stage
def additive_map(
    vectors: Shards,
    train: Subset,
    *,
    kernel: Literal["intersection", "chi_square"] = "intersection",
    order: NonNegativeInt = 1,
    period: PositiveFloat = 0.6,
) -> dict[str, Any]:
    """Maps histograms so that dot products approximate a kernel, for sets too large for a matrix.

    Parameters as of `AdditiveKernelMap`; a linear machine goes with
    it. Nothing is learned.
    """
    from strata.features.transforms.kernel_approximation import AdditiveKernelMap

    _, rows = next(vectors.blocks("vectors", train))
    return {"reduction": AdditiveKernelMap(kernel=kernel, order=order, period=period).fit(rows)}


@stage
def radial_map(
    vectors: Shards, train: Subset, *, components: PositiveInt = 1000, gamma: PositiveFloat = 0.5
) -> dict[str, Any]:
    """Maps vectors so that dot products approximate exp(-gamma |x - y|^2 / d).

    Each of the d components is standardized first. Nystroem's method: the kernel with some of the
    training images, as scikit-learn has it.

    Args:
        components: how many images, as many as there are at most.
        gamma: how narrow the kernel is.
    """
    from sklearn.kernel_approximation import Nystroem
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, _ = vectors.some_rows("vectors", train, FOR_PCA)
    n, d = rows.shape
    nystroem = Nystroem(
        gamma=gamma / d,
        n_components=min(components, n),
        random_state=train.seed_for("radial map"),
    )
    found = make_pipeline(StandardScaler(), nystroem).fit(rows)
    size = nystroem.components_.size + nystroem.normalization_.size + 2 * d
    return {"reduction": found, "parameters": int(size)}


@shard_stage
def reduced(vectors: Mapping[str, Any], fitted: Mapping[str, Any]) -> dict[str, Any]:
    """The vectors of a shard, scaled or projected: (images, d') float32."""
    import numpy as np

    found = fitted["reduction"].transform(vectors["vectors"])
    return {"vectors": np.asarray(found, np.float32)}


@view_stage
def joined(*branches: Mapping[str, Any], weights: Weights = ()) -> dict[str, Any]:
    """Vectors of several methods side by side, each of length one times the root of its weight.

    So a linear kernel of the result is the weighted sum of the branches' cosine similarities.
    """
    import numpy as np

    from strata.features.transforms.normalize import l2

    check_weights(weights, len(branches))
    factors = np.sqrt(np.asarray(weights or [1.0] * len(branches), np.float32))
    parts = [f * l2(np.asarray(b["vectors"])) for f, b in zip(factors, branches, strict=True)]
    return {"vectors": np.concatenate(parts, axis=1)}
