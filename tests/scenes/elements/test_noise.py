import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.scenes.elements.noise import CELLS, Lattice, smoothstep, texture


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    height=st.integers(8, 80),
    width=st.integers(8, 80),
    cells=st.integers(1, 12),
    stretch=st.floats(0.1, 8),
)
def test_textures_have_the_asked_shape_and_about_unit_range(seed, height, width, cells, stretch):
    noise = texture(np.random.default_rng(seed), (height, width), cells=cells, stretch=stretch)
    assert noise.shape == (height, width)
    assert noise.dtype == np.float32
    assert np.isfinite(noise).all()
    assert np.abs(noise).max() < 4


def test_a_texture_draws_one_number_whatever_its_shape():
    states = []
    for side in (16, 64, 200):
        rng = np.random.default_rng(3)
        texture(rng, (side, side))
        states.append(rng.random())
    assert len(set(states)) == 1


def test_a_larger_texture_is_the_same_one_with_more_detail():
    small = texture(np.random.default_rng(3), (64, 64))
    large = texture(np.random.default_rng(3), (256, 256))
    reduced = large.reshape(64, 4, 64, 4).mean(axis=(1, 3))
    assert np.corrcoef(small.ravel(), reduced.ravel())[0, 1] > 0.9


def test_the_lattice_repeats_and_is_continuous():
    lattice = Lattice(np.random.default_rng(0))
    x = np.linspace(-70, 70, 3001, dtype=np.float32)[None]
    y = np.full_like(x, 0.3)
    values = lattice.at(x, y)
    assert np.allclose(values, lattice.at(x + CELLS, y - CELLS), atol=2e-2)
    assert np.abs(np.diff(values)).max() < 0.3
    assert values.std() > 0.2


def test_waves_shorter_than_a_sample_fade_out():
    lattice = Lattice(np.random.default_rng(0))
    x, y = np.meshgrid(np.arange(60, dtype=np.float32), np.arange(60, dtype=np.float32))
    coarse = lattice.fractal(x, y, octaves=4, footprint=np.full_like(x, 2.0))
    assert np.abs(coarse).max() == 0
    fine = lattice.fractal(x, y, octaves=4, footprint=np.full_like(x, 1e-3))
    assert np.allclose(fine, lattice.fractal(x, y, octaves=4))


def test_smoothstep_rises_from_zero_to_one():
    values = smoothstep(2, 4, np.linspace(0, 6, 61, dtype=np.float32))
    assert values[0] == 0
    assert values[-1] == 1
    assert (np.diff(values) >= 0).all()
    assert values[30] == 0.5
    assert smoothstep(4, 2, np.float32([1, 5])).tolist() == [1, 0]
