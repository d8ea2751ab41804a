"""SIFT at the keypoints of its own detector (Lowe, IJCV 2004), through OpenCV."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np

from strata.errors import InputError
from strata.features.descriptors.base import BaseDescriptor, check_image
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.transforms.normalize import l2, root_sift
from strata.parameter_types import NonNegativeFloat, PositiveFloat, PositiveInt

#: OpenCV's SIFT: side of a spatial bin in units of the keypoint's diameter.
BIN_PER_DIAMETER = 1.5


@contextmanager
def _one_opencv_thread() -> Iterator[None]:
    """Run OpenCV on one thread, and reset its number of threads afterwards."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def to_gray(image: np.ndarray) -> np.ndarray:
    """(H, W) uint8 from uint8 (H, W, 3) RGB or (H, W); InputError for anything else."""
    check_image(image)
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def sift_keypoints(
    gray: np.ndarray, n: int, contrast_threshold: float = 0.04, edge_threshold: float = 10.0
) -> tuple[list[Any], np.ndarray]:
    """Detect the n strongest SIFT keypoints, strongest first, and their (n, 128) descriptors.

    Args:
        gray: (H, W) uint8.
        n: at most this many; unlike in OpenCV, ties at the limit are cut too.
        contrast_threshold: the detector's threshold on contrast.
        edge_threshold: the detector's threshold on edge response.
    """
    if n < 1:
        raise InputError(f"At least one keypoint must be allowed, not {n}.")
    sift = cv2.SIFT.create(
        nfeatures=n, contrastThreshold=contrast_threshold, edgeThreshold=edge_threshold
    )
    with _one_opencv_thread():
        keypoints, rows = sift.detectAndCompute(gray, None)
    order = np.argsort([-k.response for k in keypoints], kind="stable")[:n]
    if rows is None:
        rows = np.zeros((0, 128), np.float32)
    return [keypoints[i] for i in order], rows[order]


def keypoint_positions(keypoints: list[Any], shape: tuple[int, ...]) -> np.ndarray:
    """(n, 2) float32 positions of OpenCV keypoints, (x, y) in units of the image's sides."""
    points = np.array([k.pt for k in keypoints], np.float64).reshape(-1, 2)
    return np.clip((points + 0.5) / (shape[1], shape[0]), 0, 1).astype(np.float32)


class SparseSIFT(BaseDescriptor):
    """SIFT at the keypoints of its own detector; an image without any has zero rows.

    Entries come in OpenCV's order, whose orientations run the other way round than `DenseSIFT`'s.

    Args:
        n_keypoints: number of keypoints of each image, at most; the strongest are taken.
        root: RootSIFT (square roots of an L1-normalized descriptor) instead of SIFT.
        contrast_threshold: OpenCV's `contrastThreshold`: a larger one drops weak keypoints.
        edge_threshold: OpenCV's `edgeThreshold`: a smaller one drops keypoints on edges.
    """

    def __init__(
        self,
        n_keypoints: PositiveInt = 300,
        root: bool = True,
        contrast_threshold: NonNegativeFloat = 0.04,
        edge_threshold: PositiveFloat = 10.0,
    ) -> None:
        self.n_keypoints = n_keypoints
        self.root = root
        self.contrast_threshold = contrast_threshold
        self.edge_threshold = edge_threshold

    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """(n, 128) descriptors of one image, of unit length, strongest keypoint first.

        Raises:
            InputError: `image` is not uint8 of shape (H, W, 3) or (H, W), or no keypoint allowed.
        """
        gray = to_gray(image)
        keypoints, rows = sift_keypoints(
            gray, self.n_keypoints, self.contrast_threshold, self.edge_threshold
        )
        rows = root_sift(rows) if self.root else l2(rows)
        sizes = np.array([k.size for k in keypoints], np.float32) * np.float32(BIN_PER_DIAMETER)
        return LocalDescriptors(rows, keypoint_positions(keypoints, gray.shape), sizes)
