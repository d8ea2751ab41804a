"""Images of any size to local descriptors: large ones are shrunk first."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.image_io import downscale
from strata.pipeline.stages import descriptors

STAGES = [
    descriptors.dense_sift,
    descriptors.color_statistics,
    descriptors.sparse_sift,
    descriptors.dense_daisy,
    descriptors.sparse_daisy,
]


def noise(height, width):
    rng = np.random.default_rng(height * width)
    return np.kron(rng.integers(0, 255, (height // 4, width // 4, 3)), np.ones((4, 4, 1))).astype(
        np.uint8
    )


@settings(deadline=None)  # the first call loads OpenCV
@given(st.integers(1, 900), st.integers(1, 900), st.integers(1, 500))
def test_no_more_pixels_than_asked_for_and_the_same_shape(height, width, largest):
    image = np.full((height, width, 3), 77, np.uint8)
    small = downscale(image, largest)
    assert (small == 77).all()
    if height * width <= largest**2:
        assert small is image
        return
    tall, wide = small.shape[:2]
    assert tall * wide <= largest**2 or 1 in (tall, wide)
    scale = largest / (height * width) ** 0.5
    assert abs(tall - height * scale) <= 1
    assert abs(wide - width * scale) <= 1


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
@pytest.mark.parametrize("shape", [(8, 8), (1, 1), (5, 60)])
def test_a_small_image_is_described_as_its_enlarged_version_is(stage, shape):
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    found = stage.function([image])
    large = descriptors._upscale(image, 64)
    assert large.shape[0] * large.shape[1] == pytest.approx(64**2, rel=0.03)
    expected = stage.function([large], min_size=1)
    if shape == (8, 8):
        assert len(found["descriptors"]) > 0
    np.testing.assert_array_equal(found["descriptors"], expected["descriptors"])
    np.testing.assert_array_equal(found["positions"], expected["positions"])
    ratio = max(shape) / max(large.shape)
    np.testing.assert_allclose(found["scales"], expected["scales"] * ratio, rtol=1e-5)


def test_a_largest_size_below_the_least_counts():
    found, expected = (
        descriptors.dense_sift.function([noise(80, 80)], max_size=40, min_size=least)
        for least in (64, 1)
    )
    np.testing.assert_array_equal(found["descriptors"], expected["descriptors"])


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_large_image_is_described_as_its_small_version_is(stage):
    image = noise(240, 320)
    found = stage.function([image], max_size=120)
    small = downscale(image, 120)
    expected = stage.function([small])
    assert len(found["descriptors"]) > 0
    np.testing.assert_array_equal(found["descriptors"], expected["descriptors"])
    np.testing.assert_array_equal(found["positions"], expected["positions"])
    np.testing.assert_allclose(
        found["scales"], expected["scales"] * 320 / small.shape[1], rtol=1e-5
    )


def test_images_that_are_small_enough_stay_as_they_are():
    image = noise(240, 320)
    found, whole = (
        descriptors.dense_sift.function([image], max_size=side) for side in (400, 10_000)
    )
    for name, values in found.items():
        np.testing.assert_array_equal(values, whole[name])


def test_a_folder_of_photographs_stays_within_bounds():
    """Twelve megapixels would have more than a million descriptors."""
    found = descriptors.dense_sift.function([noise(3000, 4000)])
    assert len(found["descriptors"]) < 4 * 400**2 / 6**2


@pytest.mark.parametrize("bound", ["max_size", "min_size"])
def test_every_descriptor_but_the_papers_has_the_bounds(bound):
    taking = {
        name
        for name, stage in vars(descriptors).items()
        if hasattr(stage, "function") and bound in inspect.signature(stage.function).parameters
    }
    all_stages = {name for name, stage in vars(descriptors).items() if hasattr(stage, "function")}
    assert all_stages - taking == {"paper_sift"}
