"""GIST: the spatial envelope of a scene, Gabor energies averaged over the cells of a grid.

Oliva and Torralba, "Modeling the shape of the scene: a holistic representation of the spatial
envelope" (IJCV 42, 2001), which introduced the eight outdoor scenes. Local contrast is normalized,
Gabor filters of several scales and orientations are applied to the whole image by FFT, and the
magnitudes of their responses are averaged over the cells.

The authors' code (LMgist, 2001) is `GIST(image_size=256, resize="crop", border=32)`, but for its
gray, the mean of red, green and blue.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal, Self, get_args

import cv2
import numpy as np
from scipy import fft
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin

from strata.errors import InputError, nearest
from strata.features.descriptors.base import check_image
from strata.features.descriptors.color_spaces import color_channels
from strata.image_io import check_images
from strata.parameter_types import NonNegativeInt, PositiveInt, PositiveInts

#: Ways to make an image square.
Resize = Literal["squeeze", "crop"]

_FINEST = 0.3  # center frequency of the finest filters, in cycles per pixel
_RATIO = 1.85  # of the center frequencies of neighboring scales
_SHARPNESS = 3.5  # of a filter along the frequency: exp(-3.5 (f / center - 1)^2)
_CUTOFF = 4  # cycles per image at which the low-pass filter of the contrast has fallen to a half


class GIST(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """GIST descriptor of whole images: one vector per image; nothing is learned.

    Args:
        image_size: side in pixels that the image is resized to, whatever its shape.
        orientations: number of orientations at each scale, the finest first.
        n_cells: cells along a side; `image_size` is a multiple of it.
        resize: "squeeze" makes an image square as a whole, "crop" takes its central square.
        stretch_contrast: whether gray levels are stretched to [0, 255], image by image, first.
        prefilter_border: pixels mirrored on each side for the normalization of contrast.
        border: pixels mirrored on each side for the filters, against the wrap-around of the FFT.

    Examples:
        >>> import numpy as np
        >>> from strata.features import GIST
        >>> images = np.random.default_rng(0).integers(0, 256, (2, 50, 60, 3), np.uint8)
        >>> GIST(image_size=32, orientations=(4, 4)).fit_transform(images).shape
        (2, 128)
    """

    def __init__(
        self,
        image_size: PositiveInt = 128,
        orientations: PositiveInts = (8, 8, 8, 8),
        n_cells: PositiveInt = 4,
        resize: Resize = "squeeze",
        stretch_contrast: bool = True,
        prefilter_border: NonNegativeInt = 5,
        border: NonNegativeInt = 16,
    ) -> None:
        self.image_size = image_size
        self.orientations = orientations
        self.n_cells = n_cells
        self.resize = resize
        self.stretch_contrast = stretch_contrast
        self.prefilter_border = prefilter_border
        self.border = border

    def fit(self, images: Any = None, labels: Any = None) -> Self:
        """Return self; nothing is learned."""
        return self

    def transform(self, images: Iterable[np.ndarray]) -> np.ndarray:
        """Descriptors of the images, (n, d) float32; see `describe`."""
        rows = [self.describe(image) for image in check_images(images)]
        return np.stack(rows) if rows else np.zeros((0, self._n_features_out), np.float32)

    def describe(self, image: np.ndarray) -> np.ndarray:
        """(sum of orientations * n_cells^2,) float32: by scale, orientation, row and column.

        Args:
            image: uint8, (H, W, 3) RGB or (H, W) gray.

        Raises:
            InputError: the image is of another type or shape, or `image_size` is no multiple of
                `n_cells`.
        """
        check_image(image)
        self._check_parameters()
        gray = self._resized(color_channels(image, "gray")[0])
        if self.stretch_contrast:
            gray = 255 * (gray - gray.min()) / max(np.ptp(gray), np.finfo(np.float32).tiny)
        spectrum = fft.fft2(_mirrored(normalize_contrast(gray, self.prefilter_border), self.border))
        filters = _gabor_filters(len(spectrum), tuple(self.orientations))
        magnitudes = np.abs(fft.ifft2(spectrum * filters))
        inside = slice(self.border, self.border + self.image_size)
        side = self.image_size // self.n_cells
        cells = magnitudes[:, inside, inside].reshape(-1, self.n_cells, side, self.n_cells, side)
        return cells.mean(axis=(2, 4)).ravel()

    def __sklearn_is_fitted__(self) -> bool:
        return True

    @property
    def _n_features_out(self) -> int:
        return sum(self.orientations) * self.n_cells**2

    def _resized(self, gray: np.ndarray) -> np.ndarray:
        """(image_size, image_size) pixels of a (h, w) image."""
        if self.resize == "crop":
            height, width = gray.shape
            side = min(height, width)
            top, left = (height - side) // 2, (width - side) // 2
            gray = gray[top : top + side, left : left + side]
        shrinks = max(gray.shape) > self.image_size
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        return cv2.resize(gray, (self.image_size, self.image_size), interpolation=interpolation)

    def _check_parameters(self) -> None:
        if min(self.orientations, default=0) < 1 or self.n_cells < 1:
            raise InputError(
                f"GIST has orientations and cells, one at least, not {self.orientations} and "
                f"{self.n_cells}."
            )
        if self.resize not in get_args(Resize):
            raise InputError(
                f"GIST has no resize = '{self.resize}'.",
                nearest(str(self.resize), get_args(Resize)),
            )
        least = max(self.n_cells, 2 * self.border, 2 * self.prefilter_border)
        if self.image_size < least or self.image_size % self.n_cells:
            raise InputError(
                f"GIST of {self.n_cells} x {self.n_cells} cells cannot be computed on "
                f"{self.image_size} x {self.image_size} pixels.",
                f"Make image_size a multiple of n_cells, {least} or more.",
            )


def normalize_contrast(gray: np.ndarray, border: int) -> np.ndarray:
    """Local contrast normalization of (s, s) gray levels in [0, 255] -> (s, s) float32 around 0.

    Logarithms, minus their local mean, over 0.2 plus their local standard deviation; `border`
    pixels are mirrored on each side.
    """
    logs = _mirrored(np.log1p(gray.astype(np.float32)), border)
    low = _low_pass(len(logs))
    logs = logs - _filtered(logs, low)
    deviation = np.sqrt(np.abs(_filtered(logs * logs, low)))
    normalized = logs / (np.float32(0.2) + deviation)
    return normalized[border : border + len(gray), border : border + len(gray)]


def _mirrored(gray: np.ndarray, border: int) -> np.ndarray:
    return np.pad(gray, border, mode="symmetric")


def _filtered(gray: np.ndarray, transfer: np.ndarray) -> np.ndarray:
    return fft.ifft2(fft.fft2(gray) * transfer).real


@lru_cache(maxsize=8)
def _low_pass(side: int) -> np.ndarray:
    """Transfer function of a Gaussian low-pass filter, (side, side) float32."""
    frequency = fft.fftfreq(side, 1 / side)
    squares = frequency[:, None] ** 2 + frequency**2
    return np.exp(-np.log(2) * squares / _CUTOFF**2).astype(np.float32)


@lru_cache(maxsize=8)
def _gabor_filters(side: int, orientations: tuple[int, ...]) -> np.ndarray:
    """Transfer functions of the Gabor filters, (sum of orientations, side, side) float32.

    Each is a Gaussian around its center frequency and its angle, on one side of the spectrum, so
    that responses are complex and their magnitudes the local amplitudes.
    """
    down, right = np.meshgrid(fft.fftfreq(side), fft.fftfreq(side), indexing="ij")
    frequency, angle = np.hypot(right, down), np.arctan2(down, right)
    bank = []
    for scale, count in enumerate(orientations):
        center = _FINEST / _RATIO**scale
        radial = np.exp(-_SHARPNESS * (frequency / center - 1) ** 2)
        for orientation in range(count):
            away = (angle + np.pi * orientation / count + np.pi) % (2 * np.pi) - np.pi
            bank.append(radial * np.exp(-np.pi * (count * away) ** 2 / 32))
    return np.array(bank, np.float32)
