import tracemalloc

import cv2
import numpy as np
import pytest
from sklearn.base import clone

from strata.errors import InputError
from strata.features.descriptors import daisy
from strata.features.descriptors.base import BaseDescriptor
from strata.features.descriptors.daisy import DenseDAISY, SparseDAISY
from strata.features.descriptors.sparse_sift import SparseSIFT

DESCRIPTORS = [
    SparseSIFT(),
    SparseSIFT(n_keypoints=20, root=False),
    DenseDAISY(),
    DenseDAISY(step=5, radius=9, rings=2, histograms=4, orientations=6),
    SparseDAISY(radius=9),
]


def blobs(height: int = 120, width: int = 150) -> np.ndarray:
    """Bright discs of growing size on gray, as uint8 RGB."""
    image = np.full((height, width, 3), 60, np.uint8)
    for number, (x, y) in enumerate([(30, 30), (90, 40), (40, 85), (110, 90)]):
        cv2.circle(image, (x, y), 3 + number, (230, 200 - 40 * number, 120), -1)
    return cv2.GaussianBlur(image, (0, 0), 1.5)


@pytest.mark.parametrize("descriptor", DESCRIPTORS, ids=str)
@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (19, 19), (64, 48, 3)])
@pytest.mark.parametrize("flat", [True, False])
def test_any_image_gives_rows_that_fit(
    descriptor: BaseDescriptor, shape: tuple[int, ...], flat: bool
) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    image = np.full_like(image, 7) if flat else image
    width = descriptor.describe(blobs()).descriptors.shape[1]
    got = clone(descriptor).fit().transform([image])[0]
    assert got.descriptors.shape == (len(got.scales), width)
    assert got.positions.shape == (len(got.scales), 2)
    assert all(a.dtype == np.float32 and np.isfinite(a).all() for a in got)
    assert np.all((got.positions >= 0) & (got.positions <= 1))
    if flat and isinstance(descriptor, SparseSIFT | SparseDAISY):
        assert len(got.scales) == 0


def test_keypoints_lie_on_the_blobs_and_are_capped() -> None:
    got = SparseSIFT(n_keypoints=3).describe(blobs())
    assert len(got.scales) == 3
    centers = np.array([(30, 30), (90, 40), (40, 85), (110, 90)])
    found = got.positions * [150, 120] - 0.5
    assert np.linalg.norm(found[:, None] - centers, axis=2).min(axis=1).max() < 1.5


@pytest.mark.parametrize("root", [True, False])
def test_sift_has_unit_length_and_its_support_is_opencvs(root: bool) -> None:
    image = blobs()
    got = SparseSIFT(root=root).describe(image)
    np.testing.assert_allclose(np.linalg.norm(got.descriptors, axis=1), 1, atol=1e-5)
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    keypoints, rows = cv2.SIFT_create(300).detectAndCompute(gray, None)
    assert sorted(got.scales) == pytest.approx(sorted(1.5 * k.size for k in keypoints))
    if not root:
        cosine = got.descriptors @ (rows / np.linalg.norm(rows, axis=1, keepdims=True)).T
        assert cosine.max(axis=1) == pytest.approx(1, abs=1e-5)


def test_the_threads_of_opencv_are_left_as_they_were() -> None:
    before = cv2.getNumThreads()
    SparseSIFT().describe(blobs())
    assert cv2.getNumThreads() == before


def test_daisy_at_keypoints_is_daisy_at_every_pixel_picked() -> None:
    image = blobs()
    sparse = SparseDAISY(radius=9).describe(image)
    dense = DenseDAISY(step=1, radius=9).describe(image)
    assert len(sparse.scales) >= 4
    for row, place in zip(sparse.descriptors, sparse.positions, strict=True):
        away = np.abs((dense.positions - place) * [150, 120]).max(axis=1)
        assert away.min() <= 0.5 + 1e-3
        assert np.array_equal(row, dense.descriptors[away.argmin()])
    assert len(np.unique(sparse.positions, axis=0)) == len(sparse.positions)


@pytest.mark.parametrize(
    "descriptor", [DenseDAISY(), DenseDAISY(step=5, radius=9, rings=2), SparseDAISY()]
)
def test_daisy_row_by_row_is_daisy_in_little_memory(descriptor, monkeypatch) -> None:
    image = np.vstack([blobs()] * 3)
    whole = descriptor.describe(image)
    monkeypatch.setattr(daisy, "MAX_NUMBERS", 1)
    monkeypatch.setattr(daisy, "MIN_ROWS", 8)
    tracemalloc.start()
    parts = descriptor.describe(image)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    for part, expected in zip(parts, whole, strict=True):
        np.testing.assert_array_equal(part, expected)
    assert peak < image.size * whole.descriptors.shape[1] * 8 / 1.5


def test_bad_parameters_are_refused() -> None:
    with pytest.raises(InputError, match="keypoint"):
        SparseSIFT(n_keypoints=0).describe(blobs())
    with pytest.raises(InputError, match="DAISY"):
        DenseDAISY(step=0).describe(blobs())
    with pytest.raises(InputError, match="uint8"):
        SparseSIFT().describe(blobs().astype(float))
