"""Fisher vectors: how a Gaussian mixture would have to change to fit an image's descriptors."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from sklearn.decomposition import PCA

from strata import seeds
from strata.errors import InputError
from strata.features.codebooks.descriptor_sampling import sample_local
from strata.features.codebooks.gaussian_mixture import DiagonalGaussianMixture
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.encodings.base import BaseEncoder
from strata.features.encodings.spatial_pyramid import Grid, Layout, cell_of, pyramid
from strata.features.transforms.normalize import Norm, normalize, power

#: Share of the first component's variance up to which a component's is rounding: the
#: covariance is of float32. Divided by its own deviation it would count as much as the others.
NOISE = 1e-5


def fisher_vector(points: np.ndarray, mixture: DiagonalGaussianMixture) -> np.ndarray:
    """The normalized gradient of the mean log-likelihood with respect to means and deviations.

    With posteriors g, for component k (Perronnin, Sanchez, Mensink 2010, equations 4 and 5)::

        mean       1 / (n sqrt(w_k))   sum_i g_ik (x_i - mu_k) / sigma_k
        deviation  1 / (n sqrt(2 w_k)) sum_i g_ik ((x_i - mu_k)^2 / sigma_k^2 - 1)

    Args:
        points: (n, d) float32.
        mixture: fitted on points of d dimensions.

    Returns:
        (2 k d,) float32: the k x d gradients of the means, then those of the deviations. Zero
        where there is no point.
    """
    k, d = mixture.means_.shape
    if not len(points):
        return np.zeros(2 * k * d, np.float32)
    found = mixture.statistics(points)
    means = mixture.means_ - mixture.shift_
    mass = found.mass[:, None]
    scale = 1 / (found.points * np.sqrt(mixture.weights_))[:, None]
    by_mean = scale * (found.first - mass * means) / np.sqrt(mixture.variances_)
    around = found.second - 2 * means * found.first + mass * means**2
    by_deviation = scale / np.sqrt(2) * (around / mixture.variances_ - mass)
    return np.concatenate([by_mean.ravel(), by_deviation.ravel()]).astype(np.float32)


class FisherVectors(BaseEncoder):
    """One Fisher vector an image, from projection, mixture and positions learned on a sample.

    Args:
        n_components: Gaussians of the mixture.
        n_dims: descriptors are projected onto so many principal components, less those in
            which they do not vary (colors of gray images); 0 leaves them.
        whiten: whether each projected dimension is scaled to variance one.
        position_weight: standard deviation given to the position (x, y) that is appended to each
            projected descriptor, in place of a spatial pyramid (Sanchez, Perronnin, de Campos
            2012); it matters to the k-means start only. 0 appends none.
        pyramid: layout of cells that get a vector each, see `pyramid`; all
            weigh the same.
        levels: finest level of the pyramid.
        keep_zero: whether descriptors that are zero throughout (no contrast) count.
        power: exponent of the signed power that is applied first; 1 leaves the vector.
        norm: of each cell's vector afterwards, and of them all together.
        max_iter: EM steps of the mixture at most.
        max_samples: descriptors to learn from, drawn evenly over the images.
        random_state: of the sample and the mixture.

    Attributes:
        projection_: (d, dimensions) float32, so that x projection_ - offset_ is x projected, with
            mean 0 and variance 1: on average over the dimensions or, whitened, in each.
        offset_: (dimensions,) float32.
        mixture_: the DiagonalMixture.
    """

    def __init__(
        self,
        n_components: int = 64,
        n_dims: int = 64,
        whiten: bool = False,
        position_weight: float = 1.0,
        pyramid: Layout = "none",
        levels: int = 1,
        keep_zero: bool = True,
        power: float = 0.5,
        norm: Norm = "l2",
        max_iter: int = 30,
        max_samples: int = 250_000,
        random_state: int = 0,
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

    def fit(self, images: Sequence[LocalDescriptors], y: object = None) -> Self:
        """Learn projection and mixture from the local descriptors of the images.

        Raises:
            InputError: no such pyramid, or fewer descriptors than Gaussians, or than two.
        """
        self._grids()
        rng = seeds.generator(self.random_state, "fisher", "sample")
        drawn = sample_local(images, self.max_samples, rng, keep_zero=self.keep_zero)
        if len(drawn.descriptors) < max(2, self.n_components):
            raise InputError(
                f"{len(drawn.descriptors)} descriptors are too few for a projection and "
                f"{self.n_components} Gaussians.",
                "Take fewer Gaussians, or a denser grid or a smaller scale, which yield more.",
            )
        self._learn_projection(drawn.descriptors)
        points = self._points(drawn)
        self.mixture_ = DiagonalGaussianMixture(
            self.n_components, max_iter=self.max_iter, random_state=self.random_state
        ).fit(points)
        return self

    def encode(self, image: LocalDescriptors) -> np.ndarray:
        """The Fisher vector of one image, (cells 2 components dimensions,) float32, cell by cell.

        Zero where a cell has no descriptors.
        """
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

    def _grids(self) -> tuple[Grid, ...]:
        return pyramid(self.pyramid, self.levels, weighted=False)

    def _learn_projection(self, descriptors: np.ndarray) -> None:
        n, d = descriptors.shape
        if not self.n_dims:
            axes, mean, variances = np.eye(d), descriptors.mean(axis=0), descriptors.var(axis=0)
        else:
            pca = PCA(min(self.n_dims, n, d), svd_solver="covariance_eigh").fit(descriptors)
            varying = int((pca.explained_variance_ > NOISE * pca.explained_variance_[0]).sum()) or 1
            axes, mean = pca.components_[:varying].T, pca.mean_
            variances = pca.explained_variance_[:varying]
        if not self.whiten:
            variances = variances.mean()
        axes = axes / np.sqrt(np.where(variances > 0, variances, 1))
        self.projection_ = axes.astype(np.float32)
        self.offset_ = (mean @ axes).astype(np.float32)

    def _points(self, image: LocalDescriptors) -> np.ndarray:
        """(n, d) projected descriptors and weighted positions, as the mixture takes them."""
        k = self.projection_.shape[1]
        points = np.empty((len(image.descriptors), k + 2 * (self.position_weight != 0)), np.float32)
        descriptors = np.asarray(image.descriptors, np.float32)
        np.matmul(descriptors, self.projection_, out=points[:, :k])
        points[:, :k] -= self.offset_
        if self.position_weight:  # spread evenly over [0, 1] they have variance 1/12
            points[:, k:] = (image.positions - np.float32(0.5)) * (self.position_weight * 12**0.5)
        return points
