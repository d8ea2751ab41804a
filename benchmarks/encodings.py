"""Codebooks, encodings and kernels against other libraries, on one thread.

    python benchmarks/encodings.py [FOLDER] [--only NAME ...] [--rounds 5] [--points 250000]

Times are processor time of the one thread, the median of rounds in which the implementations
alternate, so that other load on the machine affects all of them alike. The descriptors are dense
RootSIFT of the JPEG files of FOLDER, at any depth, or of synthetic textures without one. Codebook
sizes are those of docs/performance.md; k-means with 2,048 words takes minutes and runs once. With
STRATA_KERNELS=numpy in the environment, strata's side runs without compiled kernels.
"""

import argparse
import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import time
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import strata  # noqa: F401  (before numpy: it selects the BLAS kernels)

import cv2  # isort: skip
import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import additive_chi2_kernel
from sklearn.mixture import GaussianMixture

from strata.features.codebooks.assignment import nearest_words
from strata.features.codebooks.descriptor_sampling import sample_descriptors
from strata.features.codebooks.gaussian_mixture import DiagonalGaussianMixture
from strata.features.codebooks.kmeans import KMeansCodebook
from strata.features.codebooks.visual_words import VisualWords
from strata.features.descriptors.dense_sift import DenseSIFT
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.encodings.bag_of_words import BagOfWords
from strata.features.encodings.fisher_vectors import fisher_vector
from strata.features.transforms import kernels
from strata.image_io import read_image

Functions = dict[str, Callable[[], object]]


def compare(title: str, functions: Functions, rounds: int, bound: str) -> None:
    """Print the median time of each function, and its ratio to ours (the first).

    Args:
        bound: lower bound of the time, printed as it is.
    """
    times: dict[str, list[float]] = {name: [] for name in functions}
    for number in range(rounds + (rounds > 1)):
        for name, run in functions.items():
            start = time.process_time()
            run()
            if number or rounds == 1:  # the first round warms up
                times[name].append(time.process_time() - start)
    print(f"\n{title}\n  lower bound: {bound}")
    ours = float(np.median(next(iter(times.values()))))
    for name, seconds in times.items():
        median = float(np.median(seconds))
        print(f"  {name:<44} {median * 1e3:10.1f} ms   {median / ours:6.2f} x ours", flush=True)


def local_descriptors(folder: Path | None, count: int) -> list[LocalDescriptors]:
    sift = DenseSIFT(bin_sizes=(4, 6, 8, 12), contrast_threshold=0)
    return [sift.describe(image) for image in images(folder, count)]


def images(folder: Path | None, count: int) -> Iterable[np.ndarray]:
    if folder is None:
        rng = np.random.default_rng(0)
        for _ in range(count):  # thresholded noise at several sizes: textures with edges
            layers = [cv2.resize(rng.random((s, s)), (256, 256)) > 0.5 for s in (4, 9, 20, 60)]
            gray = 60 + 40 * np.mean(layers, axis=0) * 4 + rng.normal(0, 4, (256, 256))
            yield np.repeat(gray.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
        return
    files = sorted(folder.rglob("*.jpg"))
    for file in files[:: max(1, len(files) // count)][:count]:
        yield read_image(file)


class Data:
    """Input of the benchmarks: local descriptors, a sample of them, and their PCA projection."""

    def __init__(self, folder: Path | None, points: int) -> None:
        self.images = local_descriptors(folder, max(20, points // 1000))
        rng = np.random.default_rng(0)
        self.sample = sample_descriptors(self.images, points, rng)
        pca = PCA(80, svd_solver="covariance_eigh").fit(self.sample)
        self.projected = pca.transform(self.sample).astype(np.float32)
        one = self.images[len(self.images) // 2].descriptors
        self.image = one[one.any(axis=1)][:6000]
        self.image_projected = pca.transform(self.image).astype(np.float32)
        print(f"{len(self.sample)} descriptors to fit on, {len(self.image)} of one image")


def same_mixture(ours: DiagonalGaussianMixture, dtype: type) -> GaussianMixture:
    """scikit-learn's Gaussian mixture with the parameters of ours."""
    peer = GaussianMixture(len(ours.weights_), covariance_type="diag", reg_covar=1e-6)
    peer.weights_, peer.means_ = ours.weights_.astype(dtype), ours.means_.astype(dtype)
    peer.covariances_ = ours.covariances_.astype(dtype)
    peer.precisions_cholesky_ = (1 / np.sqrt(ours.covariances_)).astype(dtype)
    return peer


def both_products(z: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (z @ weights).T @ z


def fisher(data: Data, rounds: int) -> None:
    from skimage.feature import fisher_vector as skimage_fisher_vector

    x = data.image_projected
    z = np.hstack([x, x**2])
    for k in (64, 256):
        ours = DiagonalGaussianMixture(k).fit(data.projected[:60_000])
        peer = same_mixture(ours, np.float32)
        weights = ours.density_map_[:-1].copy()
        compare(
            f"Fisher vector, {k} Gaussians, {x.shape[1]} dimensions, {len(x)} descriptors",
            {
                "strata fisher_vector": partial(fisher_vector, x, ours),
                "scikit-image fisher_vector, float32": partial(skimage_fisher_vector, x, peer),
                "the two products alone": partial(both_products, z, weights),
                "the first product alone": partial(np.matmul, z, weights),
            },
            4 * rounds,
            f"multiply-adds: 4 n D K = {4 * x.size * k / 1e9:.2f} G; ours sums sparse posteriors",
        )


def mixture(data: Data, rounds: int) -> None:
    X = data.projected
    ours = DiagonalGaussianMixture(256, max_iter=10).fit(X)  # a third of the EM steps of a full fit
    peer = same_mixture(ours, np.float32)

    def peer_step() -> None:
        _, log_posterior = peer._e_step(X)
        peer._m_step(X, log_posterior)

    compare(
        f"Gaussian mixture, one EM step, 256 Gaussians, 80 dimensions, {len(X)} points",
        {
            "strata statistics": lambda: ours.statistics(X),
            "scikit-learn E and M step, float32": peer_step,
        },
        min(rounds, 2),
        f"multiply-adds: 4 n D K = {4 * X.size * 256 / 1e9:.0f} G",
    )
    subset = X[:20_000]
    exact = same_mixture(ours, np.float64).score(subset.astype(np.float64))
    ll = ours.score(subset)
    print(f"  mean log-likelihood: strata {ll:.5f}, scikit-learn float64 {exact:.5f}")


def k_means(data: Data, rounds: int) -> None:
    X = data.sample
    for k in (512, 2048):
        found: dict[str, float] = {}

        def strata_k_means(k: int = k, found: dict = found) -> None:
            found["strata"] = KMeansCodebook(k).fit(X).inertia_

        def mini_batch_k_means(k: int = k, found: dict = found) -> None:
            peer = MiniBatchKMeans(
                k, batch_size=20 * k, reassignment_ratio=1e-4, random_state=42, n_init=3
            )
            found["MiniBatchKMeans"] = peer.fit(X).inertia_

        def lloyd(k: int = k, found: dict = found) -> None:
            peer = KMeans(k, init="random", n_init=1, max_iter=20, random_state=0)
            found["KMeans"] = peer.fit(X).inertia_

        compare(
            f"k-means, {k} words, {len(X)} x 128",
            {
                "strata KMeansCodebook": strata_k_means,
                "scikit-learn MiniBatchKMeans, paper's setting": mini_batch_k_means,
                "scikit-learn KMeans, 20 iterations, random": lloyd,
            },
            1,
            f"multiply-adds: n d k = {X.size * k / 1e9:.0f} G per Lloyd iteration",
        )
        print("  inertia:", ", ".join(f"{name} {value:.5g}" for name, value in found.items()))


def assignment(data: Data, rounds: int) -> None:
    X, words = data.image, data.sample[:1024].copy()
    peer = KMeans(1024, init=words, n_init=1, max_iter=1).fit(data.sample[:4096])
    peer.cluster_centers_ = words
    columns = np.ascontiguousarray(words.T)
    functions: Functions = {
        "strata nearest_words": lambda: nearest_words(X, words),
        "scikit-learn KMeans.predict": lambda: peer.predict(X),
        "the product alone": lambda: X @ columns,
    }
    try:
        import faiss
    except ImportError:
        pass
    else:
        faiss.omp_set_num_threads(1)
        index = faiss.IndexFlatL2(X.shape[1])
        index.add(words)
        functions["faiss IndexFlatL2"] = lambda: index.search(X, 1)
    compare(
        f"Hard assignment, 1,024 words, {len(X)} x 128",
        functions,
        4 * rounds,
        f"multiply-adds: n d k = {X.size * 1024 / 1e9:.2f} G",
    )
    agreement = (peer.predict(X) == nearest_words(X, words)).mean()
    print(f"  agreement with scikit-learn: {agreement:.4f}")


def blocked_intersection(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Intersection kernel in NumPy, by tiles of features that fit in the cache."""
    K = np.zeros((len(X), len(Y)), np.float32)
    ones = np.ones(128, np.float32)
    for f in range(0, X.shape[1], 128):
        tile = np.ascontiguousarray(Y[:, f : f + 128])
        minima = np.empty_like(tile)
        for i, row in enumerate(X[:, f : f + 128]):
            K[i] += np.minimum(row, tile, out=minima) @ ones[: tile.shape[1]]
    return K


def kernel_matrices(data: Data, rounds: int) -> None:
    subset = data.images[:250]
    bag = BagOfWords(VisualWords(512, "drop", max_iter=5, max_samples=50_000))
    X = bag.fit(subset).transform(subset)
    X = np.tile(X, (8, 1))[:1881]
    X *= np.random.default_rng(0).uniform(0.9, 1.1, X.shape).astype(np.float32)
    part = X[:60]
    size = f"{X.shape[0]} x {X.shape[1]}, {(X > 0).mean():.0%} nonzero"
    scale = len(X) / len(part)
    compare(
        f"Intersection kernel, {size}; NumPy's time is for 60 rows: x {scale:.1f}",
        {
            "strata intersection, symmetric": lambda: kernels.intersection(X),
            "strata intersection, X and Y": lambda: kernels.intersection(X, X.copy()),
            "NumPy in tiles, 60 rows": lambda: blocked_intersection(part, X),
            "the linear kernel's product": lambda: X @ X.copy().T,
        },
        rounds,
        f"minima and sums: n^2 d / 2 = {len(X) * X.size / 2e9:.0f} G if dense",
    )
    difference = np.abs(kernels.intersection(part, X) - blocked_intersection(part, X)).max()
    print(f"  largest difference from NumPy: {difference:.1e}, for values up to 1")
    compare(
        f"Chi-square kernel, {size}; scikit-learn's time is for 60 rows: x {scale:.1f}",
        {
            "strata chi2, symmetric": lambda: kernels.chi2(X),
            "scikit-learn additive_chi2_kernel, 60 rows": lambda: additive_chi2_kernel(part, X),
        },
        min(rounds, 2),
        "divisions: as many as minima above",
    )


BENCHMARKS = {
    "fisher": fisher,
    "mixture": mixture,
    "assignment": assignment,
    "kernels": kernel_matrices,
    "k-means": k_means,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="JPEG files, at any depth")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--points", type=int, default=250_000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    data = Data(options.folder, options.points)
    for name in options.only:
        BENCHMARKS[name](data, options.rounds)


if __name__ == "__main__":
    main()
