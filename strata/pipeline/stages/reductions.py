"""Vector to vector: scaling, projections, kernel feature maps, concatenation."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from strata.parameter_types import (
    OpenUnitInterval,
    PositiveFloat,
    PositiveInt,
    Weights,
    check_weights,
)
from strata.pipeline.graph.decorators import shard_stage, stage, view_stage
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.sharded_arrays import Shards

#: Bytes of vectors that projections are learned from at most; a fit holds some copies of them, LDA
#: in double precision.
FOR_PCA = 2**29
FOR_LDA = 2**27


@stage(role="reduction")
def standardize(vectors: Shards, train: Subset) -> dict[str, Any]:
    """Scaling of each component to mean 0 and variance 1 over the training images."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    for _, rows in vectors.blocks("vectors", train):
        scaler.partial_fit(rows)
    return {"reduction": scaler, "parameters": 2 * int(scaler.n_features_in_)}


@stage(role="reduction", estimator="strata.features.transforms.normalize:CenteredPower")
def centered_power(vectors: Shards, train: Subset, **parameters: Any) -> dict[str, Any]:
    """Signed power of each component, minus its mean over the training images."""
    from strata.features.transforms.normalize import CenteredPower

    centering = CenteredPower(**parameters)
    for _, rows in vectors.blocks("vectors", train):
        centering.partial_fit(rows)
    return {"reduction": centering, "parameters": int(centering.n_features_in_)}


@stage(role="reduction")
def pca(
    vectors: Shards,
    train: Subset,
    *,
    n_components: PositiveInt | OpenUnitInterval = 64,
    whiten: bool = False,
) -> dict[str, Any]:
    """PCA of the training images' vectors (of half a gigabyte at most).

    Args:
        n_components: components, at most as many as images and dimensions; below 1, as many as keep
            that fraction of the variance.
        whiten: scale each component to variance 1; those that do not vary, of fewer images than
            components or of copies, are left out then.
    """
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from strata.features.encodings.fisher_vectors import MIN_VARIANCE_RATIO

    rows, _ = vectors.some_rows("vectors", train, FOR_PCA)
    most = n_components if n_components < 1 else min(int(n_components), *rows.shape)
    # float32 covariances of vectors far from the origin are none, so these are centered before.
    centering = StandardScaler(with_std=False)
    rows = centering.fit_transform(rows)
    found = PCA(most, whiten=whiten, random_state=train.seed_for("pca")).fit(rows)
    varying = int(
        np.sum(found.explained_variance_ > MIN_VARIANCE_RATIO * found.explained_variance_[0])
    )
    if whiten and 0 < varying < found.n_components_:
        found = PCA(varying, whiten=True, random_state=train.seed_for("pca")).fit(rows)
    size = found.components_.size + found.mean_.size
    return {"reduction": make_pipeline(centering, found), "parameters": int(size)}


@stage(role="reduction", estimator="strata.features.transforms.lda:LDA")
def lda(vectors: Shards, train: Subset, **parameters: Any) -> dict[str, Any]:
    """LDA (Fisher's linear discriminants) of the training images' classes.

    Learned from `FOR_LDA` bytes of vectors at most, the same fraction of each class.
    """
    from strata.features.transforms.lda import LDA

    rows = vectors.some_rows("vectors", train, FOR_LDA)
    found = LDA(**parameters).fit(*rows)
    return {"reduction": found, "parameters": int(found.directions_.size + found.mean_.size)}


@stage(
    role="reduction", estimator="strata.features.transforms.kernel_approximation:AdditiveKernelMap"
)
def additive_kernel_map(vectors: Shards, train: Subset, **parameters: Any) -> dict[str, Any]:
    """Explicit feature map of an additive kernel on histograms, for sets too large for a matrix.

    Dot products approximate the kernel, so a linear SVM goes with it. Nothing is learned.
    """
    from strata.features.transforms.kernel_approximation import AdditiveKernelMap

    _, rows = next(vectors.blocks("vectors", train))
    return {"reduction": AdditiveKernelMap(**parameters).fit(rows)}


@stage(role="reduction")
def nystroem(
    vectors: Shards, train: Subset, *, n_components: PositiveInt = 1000, gamma: PositiveFloat = 0.5
) -> dict[str, Any]:
    """Nystroem feature map of the RBF kernel exp(-gamma |x - y|^2 / d) on standardized components.

    Williams and Seeger, "Using the Nystroem method to speed up kernel machines" (NIPS 2000), as
    scikit-learn has it.

    Args:
        n_components: training images that the kernel is computed with, at most as many as there
            are.
        gamma: inverse width of the kernel, for squared distances divided by the dimension.
    """
    from sklearn.kernel_approximation import Nystroem
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, _ = vectors.some_rows("vectors", train, FOR_PCA)
    n, d = rows.shape
    kernel_map = Nystroem(
        gamma=gamma / d,
        n_components=min(n_components, n),
        random_state=train.seed_for("radial map"),
    )
    found = make_pipeline(StandardScaler(), kernel_map).fit(rows)
    size = kernel_map.components_.size + kernel_map.normalization_.size + 2 * d
    return {"reduction": found, "parameters": int(size)}


@shard_stage(role="vectors")
def apply_reduction(vectors: Mapping[str, Any], fitted: Mapping[str, Any]) -> dict[str, Any]:
    """Vectors of a shard by a fitted reduction: (images, d') float32."""
    found = fitted["reduction"].transform(vectors["vectors"])
    return {"vectors": np.asarray(found, np.float32)}


@view_stage(role="vectors")
def concatenate(*branches: Mapping[str, Any], weights: Weights = ()) -> dict[str, Any]:
    """Concatenated vectors of several methods, each of length one times the root of its weight.

    So a linear kernel of the result is the weighted sum of the branches' cosine similarities.

    Args:
        weights: one per branch, in their order; none for equal ones.
    """

    from strata.features.transforms.normalize import l2

    check_weights(weights, len(branches))
    factors = np.sqrt(np.asarray(weights or [1.0] * len(branches), np.float32))
    parts = [f * l2(np.asarray(b["vectors"])) for f, b in zip(factors, branches, strict=True)]
    return {"vectors": np.concatenate(parts, axis=1)}
