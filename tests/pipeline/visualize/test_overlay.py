import numpy as np
import pytest

from strata.pipeline.visualize.overlay import fitted_in, overlay

PICTURE = np.full((60, 90, 3), 120, np.uint8)


def test_support_is_yellow_and_nothing_is_gray():
    evidence = np.zeros((2, 3), np.float32)
    evidence[0, 0] = 5
    found = overlay(PICTURE, evidence, signed=False).astype(int)
    assert found.shape == PICTURE.shape
    red, green, blue = found[2, 2]
    assert red > green > blue + 100
    assert np.ptp(found[-2, -2]) == 0


def test_evidence_against_has_another_color_and_the_same_strength():
    evidence = np.array([[1.0, -1.0]], np.float32)
    found = overlay(PICTURE, evidence, signed=True).astype(int)
    assert found[30, 2, 0] > found[30, 2, 2] + 100
    assert found[30, -2, 2] > found[30, -2, 0] + 100


@pytest.mark.parametrize("signed", [True, False])
def test_no_evidence_at_all_leaves_the_gray_picture(signed):
    found = overlay(PICTURE, np.zeros((5, 5), np.float32), signed=signed)
    assert (found == found[0, 0]).all()


def test_what_is_not_seen_is_dark_and_striped():
    evidence = np.ones((1, 3), np.float32)
    evidence[0, 0] = np.nan
    found = overlay(PICTURE, evidence, signed=False)
    unseen = found[:, :30]
    assert (unseen == unseen[..., :1]).all()
    assert len(np.unique(unseen)) == 2
    assert found[:, 30:, 0].min() > unseen.max() + 50


def test_one_strong_pixel_does_not_hide_the_rest():
    evidence = np.ones((60, 90), np.float32)
    evidence[0, 0] = 3
    found = overlay(PICTURE, evidence, signed=False)
    assert (found[30, 45] == found[0, 0]).all()


def test_pictures_are_fitted_into_a_square():
    assert fitted_in(PICTURE, 30).shape == (20, 30, 3)
    assert fitted_in(PICTURE[:1], 300).shape == (3, 300, 3)
    assert (fitted_in(PICTURE, 300) == 120).all()
