"""SIFT where its detector finds keypoints (Lowe, IJCV 2004), through OpenCV."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from strata.errors import InputError
from strata.features.descriptors.base import BaseDescriptor, check_image
from strata.features.descriptors.local_descriptors import LocalDescriptors

#: OpenCV's SIFT: a spatial bin's side is this many times the keypoint's diameter.
BIN_PER_DIAMETER = 1.5


@contextmanager
def _one_opencv_thread() -> Iterator[None]:
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def gray(image: np.ndarray) -> np.ndarray:
    """(H, W) uint8 from uint8 (H, W, 3) RGB or (H, W); InputError for anything else."""
    import cv2

    check_image(image)
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def sift_keypoints(
    plane: np.ndarray, most: int, contrast: float = 0.04, edge: float = 10.0
) -> tuple[list[Any], np.ndarray]:
    """The strongest SIFT keypoints, strongest first, and their (n, 128) descriptors.

    Args:
        plane: (H, W) uint8.
        most: at most this many; ties at the limit are cut too, unlike in OpenCV.
        contrast, edge: the detector's thresholds on contrast and edge response.
    """
    import cv2

    if most < 1:
        raise InputError(f"At least one keypoint must be allowed, not {most}.")
    sift = cv2.SIFT.create(nfeatures=most, contrastThreshold=contrast, edgeThreshold=edge)
    with _one_opencv_thread():
        keypoints, rows = sift.detectAndCompute(plane, None)
    order = np.argsort([-k.response for k in keypoints], kind="stable")[:most]
    if rows is None:
        rows = np.zeros((0, 128), np.float32)
    return [keypoints[i] for i in order], rows[order]


def places(keypoints: list[Any], shape: tuple[int, ...]) -> np.ndarray:
    """(n, 2) float32 positions of OpenCV keypoints in units of the image's sides."""
    found = np.array([k.pt for k in keypoints], np.float64).reshape(-1, 2)
    return np.clip((found + 0.5) / (shape[1], shape[0]), 0, 1).astype(np.float32)


class SparseSIFT(BaseDescriptor):
    """SIFT at the keypoints of its own detector; an image without any has zero rows.

    Entries come in OpenCV's order, whose orientations run the other way round than `DenseSIFT`'s.

    Args:
        n_keypoints: at most this many of each image, the strongest.
        root: RootSIFT (entries are roots of an L1-normalized descriptor) instead of SIFT.
        contrast_threshold, edge_threshold: OpenCV's `contrastThreshold` and `edgeThreshold`.
    """

    def __init__(
        self,
        n_keypoints: int = 300,
        root: bool = True,
        contrast_threshold: float = 0.04,
        edge_threshold: float = 10.0,
    ) -> None:
        self.n_keypoints = n_keypoints
        self.root = root
        self.contrast_threshold = contrast_threshold
        self.edge_threshold = edge_threshold

    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """The (n, 128) descriptors of one image, of unit length, strongest keypoint first.

        Raises:
            InputError: `image` is not uint8 of shape (H, W, 3) or (H, W), or no keypoint allowed.
        """
        plane = gray(image)
        found, rows = sift_keypoints(
            plane, self.n_keypoints, self.contrast_threshold, self.edge_threshold
        )
        tiny = np.finfo(np.float32).tiny
        if self.root:
            rows = np.sqrt(rows / (rows.sum(axis=1, keepdims=True) + tiny))
        else:
            rows = rows / (np.linalg.norm(rows, axis=1, keepdims=True) + tiny)
        sizes = np.array([k.size for k in found], np.float32) * np.float32(BIN_PER_DIAMETER)
        return LocalDescriptors(rows, places(found, plane.shape), sizes)
