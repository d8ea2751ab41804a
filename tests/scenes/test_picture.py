import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.errors import InputError
from strata.scenes import SCENES, draw
from strata.seeds import generator


def picture(scene: str, number: int, size: int = 48) -> np.ndarray:
    return draw(scene, generator(5, "test", scene, number), size)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("size", [32, 57, 160])
def test_a_picture_is_a_square_of_uint8_rgb(scene, size):
    image = picture(scene, 0, size)
    assert image.shape == (size, size, 3)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert image.std() > 5


@pytest.mark.parametrize("scene", SCENES)
def test_the_largest_size_works(scene):
    assert picture(scene, 1, 512).shape == (512, 512, 3)


@settings(max_examples=20, deadline=None)
@given(scene=st.sampled_from(SCENES), number=st.integers(0, 10**6))
def test_the_same_generator_gives_the_same_picture(scene, number):
    assert np.array_equal(picture(scene, number), picture(scene, number))


@pytest.mark.parametrize("scene", SCENES)
def test_the_composition_does_not_depend_on_the_size(scene):
    for number in range(6):
        small, large = picture(scene, number, 64), picture(scene, number, 192)
        reduced = cv2.resize(large, (64, 64), interpolation=cv2.INTER_AREA)
        both = [cv2.GaussianBlur(i, (0, 0), 2).astype(float).ravel() for i in (small, reduced)]
        # A flat, gray picture correlates poorly with anything: closeness counts there.
        correlated = np.corrcoef(*both)[0, 1] > 0.9
        assert correlated or np.abs(both[0] - both[1]).mean() < 8


@pytest.mark.parametrize("scene", SCENES)
def test_pictures_of_a_class_differ_from_each_other(scene):
    images = np.stack([picture(scene, k, 32) for k in range(24)]).astype(float)
    assert images.std(axis=0).mean() > 25
    gaps = np.abs(images[:, None] - images[None]).mean(axis=(2, 3, 4))
    assert gaps[~np.eye(len(images), dtype=bool)].min() > 4


def test_classes_can_be_told_apart_and_not_perfectly():
    """The nearest neighbor by coarse edges beats chance (0.125) by far, and is often wrong."""
    features, labels = [], []
    for label, scene in enumerate(SCENES):
        for number in range(24):
            gray = cv2.cvtColor(picture(scene, number), cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
            edges = [np.abs(cv2.Sobel(gray, -1, *order)) for order in ((1, 0), (0, 1))]
            coarse = [cv2.resize(e, (4, 4), interpolation=cv2.INTER_AREA).ravel() for e in edges]
            features.append(np.sqrt(np.concatenate(coarse)))
            labels.append(label)
    points, names = np.array(features), np.array(labels)
    distances = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    accuracy = (names[distances.argmin(axis=1)] == names).mean()
    assert 0.25 < accuracy < 0.8


def test_an_unknown_scene_is_answered_with_the_nearest():
    with pytest.raises(InputError) as caught:
        draw("mountains", np.random.default_rng(0), 64)
    assert "'mountain'" in caught.value.hint


@pytest.mark.parametrize("size", [0, 31, 513, -5])
def test_sizes_out_of_range_are_refused(size):
    with pytest.raises(InputError) as caught:
        draw("coast", np.random.default_rng(0), size)
    assert "32 to 512" in caught.value.hint


def test_the_package_imports_neither_numpy_nor_opencv():
    code = (
        "import sys, strata.scenes as scenes;"
        "assert len(scenes.SCENES) == 8;"
        "sys.exit(bool({'numpy', 'cv2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_there_is_no_other_export():
    from strata import scenes

    with pytest.raises(AttributeError, match="color"):
        _ = scenes.color
