import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.scenes.elements.light import MOODS, light, rgb
from strata.scenes.elements.objects import box
from strata.scenes.elements.shot import Shot, View, stamp
from strata.scenes.elements.terrain import Terrain

SIDE = 96


def shot(view: View, seed: int = 0) -> Shot:
    rng = np.random.default_rng(seed)
    return Shot(SIDE, rng, light(rng, day=1), view)


def rotation(pitch: float) -> np.ndarray:
    c, s = np.cos(pitch), np.sin(pitch)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


@given(
    st.floats(-20, 20),
    st.floats(0, 30),
    st.floats(60, 200),
    st.floats(0, 0.6),
    st.floats(0.5, 2),
)
def test_projection_is_that_of_a_pinhole(x, y, z, pitch, focal):
    view = View(0.6, 1.7, focal, 0.4, pitch)
    turned = rotation(pitch) @ (x, y - 1.7, z)
    expected = (0.4 + focal * turned[0] / turned[2], 0.6 - focal * turned[1] / turned[2])
    assert view.project([(x, y, z)])[0] == pytest.approx(expected, abs=1e-6)


@given(st.floats(0, 0.5))
def test_far_ground_lies_on_the_horizon(pitch):
    view = View(0.5, 2.0, pitch=pitch)
    assert view.project([(0, 0, 1e7)])[0][1] == pytest.approx(view.horizon, abs=1e-4)


def test_flat_ground_fills_the_picture_below_the_horizon_at_the_right_distance():
    picture = shot(View(0.4, 2.0))
    ground = Terrain(picture, 1, 20, 1000)
    ground.mix(rgb(1, 0, 0))
    ground.rough[:] = 0
    ground.paint()
    seen = np.isfinite(picture.depth)
    horizon = round(0.4 * SIDE)
    assert not seen[: horizon - 1].any()
    assert seen[horizon + 2 :].all()
    rows = np.arange(horizon + 8, SIDE)
    expected = 2.0 / ((rows + 0.5) / SIDE - 0.4)
    assert np.allclose(picture.depth[rows, 40], expected, rtol=0.2)


def test_a_ridge_hides_what_lies_behind_it():
    picture = shot(View(0.5, 2.0))
    ground = Terrain(picture, 1, 5, 1000)
    behind = ground.z > 100
    ground.height = np.where((ground.z > 50) & ~behind, 20, 0) + 0 * ground.x
    ground.paint()
    assert not (np.isfinite(picture.depth) & (picture.depth > 100)).any()


def test_slopes_are_those_of_the_height_field():
    picture = shot(View(0.4, 3.0))
    ground = Terrain(picture, 2, 10, 400)
    ground.height = 0.3 * ground.x - 0.2 * ground.z
    right, ahead = ground.slopes()
    assert np.allclose(right, 0.3, atol=0.02)
    assert np.allclose(ahead[1:], -0.2, atol=0.05)


def test_a_box_shows_the_faces_that_the_camera_sees():
    picture = shot(View(0.5, 1.7))
    assert set(box(picture, (5, 0, 20), (2, 1, 2), rgb(1, 1, 1))) == {"front", "left", "top"}
    assert set(box(picture, (-5, 0, 20), (2, 4, 2), rgb(1, 1, 1))) == {"front", "right"}
    assert set(box(picture, (0, 0, -20), (2, 4, 2), rgb(1, 1, 1))) == set()


def test_a_sprite_stands_behind_what_is_nearer():
    picture = shot(View(0.5, 1.7))
    sprite = np.ones((20, 10, 4), np.float32)
    picture.depth[:, :48] = 5.0
    stamp(picture, sprite, 48, 80, 40, 10.0)
    assert picture.rgb[60, 50].min() > 0.5
    assert picture.rgb[60, 46].max() == 0
    before = picture.rgb.copy()
    stamp(picture, sprite, 500, 80, 40, 10.0)
    assert np.array_equal(before, picture.rgb)


@pytest.mark.parametrize("mood", MOODS)
def test_every_mood_has_a_sun_of_unit_length_and_sane_colors(mood):
    for seed in range(20):
        made = MOODS[mood](np.random.default_rng(seed))
        assert np.linalg.norm(made.sun) == pytest.approx(1, abs=1e-5)
        assert made.sun[1] > 0
        for color in (made.direct, made.ambient, made.zenith, made.horizon):
            assert color.dtype == np.float32
            assert (color >= 0).all()
            assert (color < 1.3).all()
        assert made.haze > 50


def test_haze_turns_far_things_into_horizon():
    picture = shot(View(0.5, 1.7))
    assert np.allclose(picture.hazed(rgb(1, 0, 0), 0), rgb(1, 0, 0))
    assert np.allclose(picture.hazed(rgb(1, 0, 0), 1e9), picture.light.horizon)
