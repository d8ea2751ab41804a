"""Fisher vectors: gradients of a Gaussian mixture's log-likelihood of an image's descriptors."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from sklearn.decomposition import PCA
from sklearn.utils import assert_all_finite

from strata import seeds
from strata.errors import InputError
from strata.features.codebooks.descriptor_sampling import sample_local
from strata.features.codebooks.gaussian_mixture import DiagonalGaussianMixture
from strata.features.descriptors.local_descriptors import Described, LocalDescriptors, as_local
from strata.features.encodings.base import BaseEncoder
from strata.features.encodings.spatial_pyramid import PyramidGrid, cell_of, pyramid
from strata.features.transforms.normalize import Norm, normalize, power
from strata.parameter_types import (
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    PyramidLayout,
    PyramidLevel,
)

#: Principal components with less variance than this fraction of the first one's are rounding
#: errors of the float32 covariance; whitening would weigh them like the others.
MIN_VARIANCE_RATIO = 1e-5


def fisher_vector(points: np.ndarray, mixture: DiagonalGaussianMixture) -> np.ndarray:
    """Gradient of the mean log-likelihood by means and standard deviations, Fisher-normalized.

    With posteriors g, for component k (Perronnin, Sanchez, Mensink 2010, equations 4 and 5)::

        mean       1 / (n sqrt(w_k))   sum_i g_ik (x_i - mu_k) / sigma_k
        deviation  1 / (n sqrt(2 w_k)) sum_i g_ik ((x_i - mu_k)^2 / sigma_k^2 - 1)

    Args:
        points: (n, d) float32.
        mixture: fitted on points of d dimensions.

    Returns:
        (2 k d,) float32: the k x d gradients by the means, then those by the deviations; zero
        without points.

    Raises:
        ValueError: a number that is not finite.
    """
    assert_all_finite(points, input_name="points")
    k, d = mixture.means_.shape
    if not len(points):
        return np.zeros(2 * k * d, np.float32)
    statistics = mixture.statistics(points)
    means = mixture.means_ - mixture.shift_
    mass = statistics.mass[:, None]
    scale = 1 / (statistics.n_points * np.sqrt(mixture.weights_))[:, None]
    by_mean = scale * (statistics.first - mass * means) / np.sqrt(mixture.covariances_)
    centered = statistics.second - 2 * means * statistics.first + mass * means**2
    by_deviation = scale / np.sqrt(2) * (centered / mixture.covariances_ - mass)
    return np.concatenate([by_mean.ravel(), by_deviation.ravel()]).astype(np.float32)


class FisherVectors(BaseEncoder):
    """Fisher vectors of images: PCA, Gaussian mixture and positions, learned on a sample.

    With the defaults this is the improved Fisher vector (signed square roots, then L2: Perronnin,
    Sanchez and Mensink, ECCV 2010) of descriptors with their positions appended.

    Args:
        n_components: number of Gaussians.
        n_dims: number of principal components that descriptors are projected onto, without those
            in which they do not vary (colors of gray images); 0 leaves the descriptors unprojected.
        whiten: whether each projected dimension is scaled to variance one.
        position_weight: standard deviation given to the position (x, y) that is appended to each
            projected descriptor, in place of a spatial pyramid (Sanchez, Perronnin, de Campos
            2012); it matters to the k-means initialization only. 0 appends none.
        pyramid: layout of a spatial pyramid with a Fisher vector for each cell, all of the same
            weight: "none" is the whole image only; at level l, "square" has 2^l x 2^l cells,
            "horizontal" 3l strips, "paper" 2l x 2l cells.
        levels: finest level of the pyramid.
        keep_zero: whether descriptors that are zero throughout (no contrast) count.
        power: exponent of the signed power, applied before `norm`; 1 leaves the vector.
        norm: normalization of each cell's vector, and of all of them together: "none", "l1", "l2",
            or "power" (signed square roots, then L2).
        max_iter: EM steps of the mixture, at most.
        max_samples: number of descriptors to learn from, drawn evenly over the images.
        random_state: seed of the sample and of the mixture.

    Attributes:
        mean_: (d,) float32, mean of the sample.
        projection_: (d, dims) float32; (x - mean_) projection_ is x projected, with mean 0 and
            variance 1: on average over the dimensions or, whitened, in each.
        mixture_: the fitted `DiagonalGaussianMixture`.
        n_iter_: EM steps made.

    Examples:
        In a pipeline of scikit-learn, from images to classes:

        >>> import numpy as np
        >>> from sklearn.pipeline import make_pipeline
        >>> from strata.features import DenseSIFT, FisherVectors
        >>> from strata.models import LinearSVM
        >>> images = np.random.default_rng(0).integers(0, 256, (12, 48, 48), np.uint8)
        >>> images[::2, :, ::4] = 0
        >>> labels = ["striped", "plain"] * 6
        >>> descriptor, encoder = DenseSIFT(bin_sizes=(4,)), FisherVectors(n_components=2, n_dims=8)
        >>> pipeline = make_pipeline(descriptor, encoder, LinearSVM(validation_fraction=0))
        >>> pipeline.fit(images, labels).score(images, labels)
        1.0
        >>> encoder.transform(descriptor.transform(images)).shape  # 2 x 2 x (8 + x + y)
        (12, 40)
    """

    def __init__(
        self,
        n_components: PositiveInt = 64,
        n_dims: NonNegativeInt = 64,
        whiten: bool = False,
        position_weight: NonNegativeFloat = 1.0,
        pyramid: PyramidLayout = "none",
        levels: PyramidLevel = 1,
        keep_zero: bool = True,
        power: PositiveFloat = 0.5,
        norm: Norm = "l2",
        max_iter: PositiveInt = 30,
        max_samples: PositiveInt = 250_000,
        random_state: NonNegativeInt = 0,
    ) -> None:
        self.n_components = n_components
        self.n_dims = n_dims
        self.whiten = whiten
        self.position_weight = position_weight
        self.pyramid = pyramid
        self.levels = levels
        self.keep_zero = keep_zero
        self.power = power
        self.norm = norm
        self.max_iter = max_iter
        self.max_samples = max_samples
        self.random_state = random_state

    def fit(self, images: Sequence[Described], y: object = None) -> Self:
        """Learn projection and mixture from the local descriptors of the images.

        Raises:
            InputError: unknown pyramid, or fewer descriptors than Gaussians or than two.
        """
        self._grids()
        rng = seeds.generator(self.random_state, "fisher", "sample")
        sample = sample_local(
            images,
            self.max_samples,
            rng,
            keep_zero=self.keep_zero,
            unplaced=self._unplaced(),
        )
        if len(sample.descriptors) < max(2, self.n_components):
            raise InputError(
                f"{len(sample.descriptors)} descriptors are too few for a projection and "
                f"{self.n_components} Gaussians.",
                "Take fewer Gaussians, or a denser grid or a smaller scale, which yield more.",
            )
        self._fit_projection(sample.descriptors)
        points = self._points(sample)
        self.mixture_ = DiagonalGaussianMixture(
            self.n_components, max_iter=self.max_iter, random_state=self.random_state
        ).fit(points)
        self.n_iter_ = self.mixture_.n_iter_
        return self

    def encode(self, image: Described) -> np.ndarray:
        """Fisher vector of one image, (cells * 2 * components * dims,) float32, cell by cell.

        Zero where a cell has no descriptors.
        """
        image = as_local(image, self._unplaced())
        if not self.keep_zero:
            image = image.with_contrast()
        points = self._points(image)
        parts = []
        for grid in self._grids():
            cells = cell_of(image.positions, grid)
            for cell in range(grid.cells):
                inside = points if grid.cells == 1 else points[cells == cell]
                vector = power(fisher_vector(inside, self.mixture_), self.power)
                parts.append(normalize(vector, self.norm))
        return parts[0] if len(parts) == 1 else normalize(np.concatenate(parts), self.norm)

    def _length(self) -> int:
        return sum(grid.cells for grid in self._grids()) * 2 * int(self.mixture_.means_.size)

    def _unplaced(self) -> str:
        both = {"pyramid='none'": self.pyramid != "none", "position_weight=0": self.position_weight}
        return " and ".join(argument for argument, needed in both.items() if needed)

    def _grids(self) -> tuple[PyramidGrid, ...]:
        return pyramid(self.pyramid, self.levels, weighted=False)

    def _fit_projection(self, descriptors: np.ndarray) -> None:
        """Set `mean_` and `projection_` by PCA, or by the mean and variance alone.

        Centered first: float32 products of descriptors far from the origin leave no covariance.
        """
        n, d = descriptors.shape
        self.mean_ = descriptors.mean(axis=0, dtype=np.float64).astype(np.float32)
        centered = descriptors - self.mean_
        if not self.n_dims:
            axes, variances = np.eye(d), centered.var(axis=0)
        else:
            pca = PCA(min(self.n_dims, n, d), svd_solver="covariance_eigh").fit(centered)
            least = MIN_VARIANCE_RATIO * pca.explained_variance_[0]
            rank = int((pca.explained_variance_ > least).sum()) or 1
            axes, variances = pca.components_[:rank].T, pca.explained_variance_[:rank]
        if not self.whiten:
            variances = variances.mean()
        axes = axes / np.sqrt(np.where(variances > 0, variances, 1))
        self.projection_ = axes.astype(np.float32)

    def _points(self, image: LocalDescriptors) -> np.ndarray:
        """(n, d) float32 input of the mixture: projected descriptors and weighted positions."""
        k = self.projection_.shape[1]
        points = np.empty((len(image.descriptors), k + 2 * (self.position_weight != 0)), np.float32)
        descriptors = np.asarray(image.descriptors, np.float32)
        np.matmul(descriptors - self.mean_, self.projection_, out=points[:, :k])
        if self.position_weight:  # uniform positions in [0, 1] have variance 1/12
            points[:, k:] = (image.positions - np.float32(0.5)) * (self.position_weight * 12**0.5)
        return points
