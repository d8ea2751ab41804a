"""Dense SIFT against the published definition, one descriptor and one pixel at a time."""

import math
import pickle
from typing import get_args

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from strata.errors import InputError
from strata.features.descriptors.dense_sift import (
    DenseSIFT,
    Engine,
    PaperDenseSIFT,
    dense_sift,
    mirror_order,
)
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.descriptors.sampling_grid import inner_grids, paper_grids
from strata.pipeline.code.code_digest import code_digests


def texture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A uint8 RGB picture with edges of all directions and a flat corner."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 5 + 2, width // 5 + 2, 3))
    image = np.kron(coarse, np.ones((5, 5, 1)))[:height, :width]
    image = np.clip(image + rng.normal(0, 12, image.shape), 0, 255).astype(np.uint8)
    image[: height // 3, : width // 3] = 90
    return image


def naive_sift(
    channel: np.ndarray, y: float, x: float, bin_size: int, contrast: float
) -> np.ndarray:
    """SIFT at one point from the definition (Lowe 2004 section 6; VLFeat's flat window).

    `channel`: (h, w) float64 in [0, 255], not smoothed. Returns 128 numbers: y bin, x bin,
    orientation (from +x towards +y, down).
    """
    height, width = channel.shape
    variance = (bin_size / 6) ** 2 - 0.25
    if variance > 0:
        radius = math.ceil(4 * math.sqrt(variance))
        taps = [math.exp(-(t**2) / (2 * variance)) for t in range(-radius, radius + 1)]
        taps = [tap / sum(taps) for tap in taps]
        for axis in (0, 1):
            padded = np.pad(
                channel, [(radius, radius) if a == axis else (0, 0) for a in (0, 1)], "edge"
            )
            size = channel.shape[axis]
            channel = sum(tap * padded.take(range(i, i + size), axis) for i, tap in enumerate(taps))
    dy, dx = np.gradient(channel)
    histogram = np.zeros((4, 4, 8))
    reach = math.ceil(2.5 * bin_size)
    for row in range(max(0, int(y) - reach), min(height, int(y) + reach + 2)):
        for column in range(max(0, int(x) - reach), min(width, int(x) + reach + 2)):
            turn = math.atan2(dy[row, column], dx[row, column]) / (2 * math.pi) * 8 % 8
            votes = [(math.floor(turn) % 8, 1 - turn % 1), (math.floor(turn + 1) % 8, turn % 1)]
            size = math.hypot(dx[row, column], dy[row, column])
            for j in range(4):
                down = 1 - abs(row - y - (j - 1.5) * bin_size) / bin_size
                for i in range(4):
                    along = 1 - abs(column - x - (i - 1.5) * bin_size) / bin_size
                    if down > 0 and along > 0:
                        for orientation, vote in votes:
                            histogram[j, i, orientation] += vote * size * down * along

    def window(j: int) -> float:
        inside = [
            (p + (j - 1.5) * bin_size) / (2 * bin_size) for p in range(1 - bin_size, bin_size)
        ]
        return sum(math.exp(-(u**2) / 2) for u in inside) / len(inside)

    side = np.array([window(j) for j in range(4)])
    weights = np.outer(side, side) / np.outer(side, side).mean()
    vector = (histogram * weights[:, :, None]).ravel()
    if vector.sum() / (4 * bin_size) ** 2 / 255 < contrast:
        return np.zeros(128)
    vector = np.minimum(vector / np.linalg.norm(vector), 0.2)
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("engine", get_args(Engine))
@pytest.mark.parametrize("shape", [(61, 74), (50, 50)])
def test_agrees_with_the_definition(shape: tuple[int, int], engine: str) -> None:
    image = texture(*shape)
    got = DenseSIFT(step=5, bin_sizes=(2, 3, 5, 8), root=False, engine=engine).describe(image)
    gray = image @ np.array([0.299, 0.587, 0.114])
    rows = np.random.default_rng(1).choice(len(got.scales), 12, replace=False)
    for row in rows:
        x, y = got.positions[row] * [shape[1], shape[0]] - 0.5
        want = naive_sift(gray, y, x, int(got.scales[row]), 0.005)
        np.testing.assert_allclose(got.descriptors[row], want, atol=2e-4)


@pytest.mark.parametrize("engine", get_args(Engine))
def test_supports_over_the_border_see_nothing_there(engine: str) -> None:
    image = texture(80, 80)
    grids = paper_grids(80, 80, 20, 2)
    got = dense_sift(image, grids, root=False, contrast_threshold=0, engine=engine)
    assert len(got.scales) == 10 * 10 + 5 * 5
    gray = image @ np.array([0.299, 0.587, 0.114])
    for row in (0, 9, 47, 99, 100, 124):
        x, y = got.positions[row] * 80 - 0.5
        want = naive_sift(gray, y, x, int(got.scales[row]), 0)
        np.testing.assert_allclose(got.descriptors[row], want, atol=2e-4)


@given(
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(1, 13),
    st.sampled_from([(1,), (2, 5), (3, 8, 13), (12, 4)]),
    st.sampled_from(["gray", "opponent", "rgb"]),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_the_engines_agree(
    h: int, w: int, step: int, bins: tuple[int, ...], color: str, root: bool, over: bool
) -> None:
    image = texture(h, w, seed=step)
    grids = paper_grids(h, w, step, 2) if over else inner_grids(h, w, step, bins)
    plain, *others = (
        dense_sift(image, grids, root=root, contrast_threshold=0, color=color, engine=engine)
        for engine in ("numpy", "compiled", "torch")
    )
    # Where an image is all but flat, gradients are rounding; and a root magnifies what rounding
    # leaves in empty bins: compare the entries before it.
    seen = dense_sift(
        image, grids, contrast_threshold=0.001, color=color, engine="numpy"
    ).descriptors
    seen = seen.reshape(-1, 128).any(axis=1)
    power = 2 if root else 1
    want = plain.descriptors.reshape(-1, 128)[seen] ** power
    for other in others:
        got = other.descriptors.reshape(-1, 128)[seen] ** power
        np.testing.assert_allclose(got, want, atol=1e-4)
        assert np.array_equal(other.positions, plain.positions)


def test_the_code_of_every_engine_is_part_of_a_stages_key() -> None:
    reached = code_digests("strata.features.descriptors.dense_sift", "DenseSIFT")
    for module in ("_sift_numba", "_sift_numpy", "_sift_torch"):
        assert f"strata.features.descriptors.{module}.describe" in reached
    assert "strata.features._simd.float8.vote" in reached


def test_the_stated_number_of_descriptors() -> None:
    got = DenseSIFT().describe(texture(256, 256))
    assert got.descriptors.shape == (6171, 128)
    assert got.descriptors.dtype == got.positions.dtype == got.scales.dtype == np.float32


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_any_size_gives_unit_vectors_or_zero(h: int, w: int, step: int, seed: int) -> None:
    image = texture(h, w, seed)
    for root in (True, False):
        got = DenseSIFT(step=step, bin_sizes=(1, 3, 4), root=root).describe(image)
        length = np.linalg.norm(got.descriptors, axis=1)
        assert np.all((np.abs(length - 1) < 1e-5) | (length == 0))
        assert np.all((got.positions >= 0) & (got.positions <= 1))
        assert len(got.descriptors) == len(got.positions) == len(got.scales)


def opencv_sift(image: np.ndarray, got: LocalDescriptors) -> np.ndarray:
    """OpenCV's unit descriptors at the same centers and sizes, in our order of orientations."""
    height, width = image.shape
    keypoints = [
        cv2.KeyPoint(float(x * width - 0.5), float(y * height - 0.5), float(size / 1.5), 0)
        for (x, y), size in zip(got.positions, got.scales, strict=True)
    ]
    rows = cv2.SIFT_create().compute(image, keypoints)[1].reshape(-1, 16, 8)
    rows = rows[:, :, -np.arange(8) % 8].reshape(-1, 128)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def test_close_to_opencv_at_its_own_smoothing() -> None:
    image = texture(150, 170)[..., 0].copy()
    got = DenseSIFT(root=False, contrast_threshold=0.01, smoothing=1.6).describe(image)
    rows = got.descriptors.any(axis=1)
    cosine = (got.descriptors * opencv_sift(image, got))[rows].sum(axis=1)
    assert rows.sum() > 500
    assert cosine.mean() > 0.99
    assert np.percentile(cosine, 1) > 0.97


def test_the_papers_grid_on_its_images_close_to_opencv() -> None:
    image = cv2.GaussianBlur(texture(256, 256)[..., 0], (0, 0), 1)
    got = PaperDenseSIFT().describe(image)
    assert len(got.scales) == 484
    assert np.all(got.scales == 18)
    assert got.positions[1] == pytest.approx([12.5 / 256, 0.5 / 256])
    rows = got.descriptors.any(axis=1)
    cosine = (got.descriptors * opencv_sift(image, got))[rows].sum(axis=1)
    assert cosine.mean() > 0.99
    assert len(PaperDenseSIFT(n_sizes=3).describe(image).scales) == 484 + 11 * 11 + 8 * 8


def test_smoothing_true_is_not_smoothing_to_one_pixel() -> None:
    image = texture(64, 64)
    found = [
        DenseSIFT(bin_sizes=(12,), smoothing=s).describe(image).descriptors
        for s in (True, 1.0, 2.0)
    ]
    assert np.array_equal(found[0], found[2])
    assert not np.allclose(found[0], found[1])


def test_a_flat_image_gives_zero_rows_of_the_full_count() -> None:
    got = DenseSIFT(color="opponent").describe(np.full((64, 64, 3), 77, np.uint8))
    assert got.descriptors.shape[1] == 384
    assert len(got.scales) > 0
    assert not got.descriptors.any()


def test_brightness_and_gain_change_nothing() -> None:
    image = texture(64, 64)[..., 0] // 2
    plain = DenseSIFT(contrast_threshold=0).describe(image).descriptors
    brighter = DenseSIFT(contrast_threshold=0).describe(image + np.uint8(40)).descriptors
    doubled = DenseSIFT(contrast_threshold=0).describe(image * np.uint8(2)).descriptors
    np.testing.assert_allclose(brighter, plain, atol=2e-3)
    np.testing.assert_allclose(doubled, plain, atol=2e-3)


def test_turning_the_image_permutes_the_descriptors() -> None:
    image = texture(61, 61)[..., 0]
    sift = DenseSIFT(step=6, bin_sizes=(4,), root=False, contrast_threshold=0)
    count = (61 - 1 - 12) // 6 + 1
    plain = sift.describe(image).descriptors.reshape(count, count, 4, 4, 8)
    turned = sift.describe(np.rot90(image, -1).copy()).descriptors
    turned = turned.reshape(count, count, 4, 4, 8)
    back = np.rot90(np.rot90(turned, 1, axes=(0, 1)), 1, axes=(2, 3))
    np.testing.assert_allclose(np.roll(back, -2, axis=-1), plain, atol=1e-4)


@pytest.mark.parametrize("color", ["gray", "opponent", "rgb"])
def test_is_a_scikit_learn_transformer(color: str) -> None:
    sift = DenseSIFT(step=8, bin_sizes=(4,), color=color)
    copy = pickle.loads(pickle.dumps(clone(sift))).fit(None)
    images = [texture(40, 52), texture(40, 40)[..., 0].copy()]
    for one, other in zip(sift.fit_transform(images), copy.transform(images), strict=True):
        assert np.array_equal(one.descriptors, other.descriptors)


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4), np.uint8), None]
)
def test_other_arrays_are_refused(image: np.ndarray) -> None:
    with pytest.raises(InputError, match="uint8 array"):
        DenseSIFT().describe(image)


def test_unknown_parameters_are_refused() -> None:
    image = texture(40, 40)
    with pytest.raises(InputError, match="opponnent"):
        DenseSIFT(color="opponnent").describe(image)
    with pytest.raises(InputError, match="at least one pixel"):
        DenseSIFT(step=0).describe(image)
    with pytest.raises(InputError, match="'numpy'"):
        DenseSIFT(engine="nunpy").describe(image)


@pytest.mark.parametrize("color", ["gray", "opponent"])
def test_a_mirrored_image_has_the_same_descriptors_in_another_order(color):
    image = np.random.default_rng(2).integers(0, 256, (41, 41, 3), dtype=np.uint8)
    descriptor = DenseSIFT(step=1, bin_sizes=(4,), color=color)
    n = 41 - 3 * 4
    rows = descriptor.describe(image).descriptors.reshape(n, n, -1)
    turned = descriptor.describe(np.ascontiguousarray(image[:, ::-1])).descriptors.reshape(n, n, -1)
    assert np.allclose(turned, rows[:, ::-1][..., mirror_order(color)], atol=2e-3)
