import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from strata.errors import InputError
from strata.models.training.augment import Draws, apply, draw, mix
from strata.models.training.augment_config import Augmentation

CPU = torch.device("cpu")
NOTHING = Draws(*[None] * len(Draws._fields))


def images(n, side, seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(0, 256, (n, side, side, 3)).astype(np.uint8))


@given(st.integers(0, 10**6), st.integers(2, 9), st.booleans())
@settings(max_examples=40, deadline=None)
def test_moves_by_whole_pixels_are_those_of_the_definition(seed, side, flip):
    what = Augmentation(flip=flip, shift=0.9)
    draws = draw(what, 4, side, np.random.default_rng(seed), CPU)
    batch = images(4, side, seed)
    got = apply(what, batch, draws).numpy()
    for i, image in enumerate(batch.numpy()):
        mirrored = bool(draws.flip[i]) if flip else False
        x, y = draws.shift[i].tolist()
        padded = np.pad(image, ((side, side), (side, side), (0, 0)), mode="symmetric")
        window = padded[side + y : 2 * side + y]
        columns = np.arange(side)[::-1] if mirrored else np.arange(side)
        np.testing.assert_array_equal(got[i], window[:, side + x + columns])


@given(st.integers(0, 10**6), st.integers(3, 10))
@settings(max_examples=30, deadline=None)
def test_interpolated_moves_agree_with_whole_pixel_moves(seed, side):
    """The two paths are one operation: an affine map without rotation and scale only moves."""
    batch = images(3, side, seed)
    rng = np.random.default_rng(seed)
    flip, shift = rng.random(3) < 0.5, rng.integers(-side + 1, side, (3, 2))
    shift_draws = NOTHING._replace(flip=torch.from_numpy(flip), shift=torch.from_numpy(shift))
    affine = np.zeros((3, 2, 3), np.float32)
    affine[:, 0, 0], affine[:, 1, 1] = np.where(flip, -1, 1), 1
    affine[:, :, 2] = 2 * shift / side
    affine_draws = NOTHING._replace(affine=torch.from_numpy(affine))
    expected = apply(Augmentation(), batch, shift_draws).float()
    np.testing.assert_allclose(apply(Augmentation(), batch, affine_draws), expected, atol=0.01)


@given(st.integers(0, 10**6), st.integers(4, 12), st.floats(0.3, 1))
@settings(max_examples=30, deadline=None)
def test_windows_lie_within_the_image(seed, side, crop):
    what = Augmentation(crop=crop)
    batch = images(3, side, seed)
    window = what.window(side)
    draws = draw(what, 3, side, np.random.default_rng(seed), CPU)
    got = apply(what, batch, draws)
    assert got.shape == (3, window, window, 3)
    if window == side:
        assert torch.equal(got, batch)
        return
    for i, (x, y) in enumerate(draws.shift.tolist()):
        assert torch.equal(got[i], batch[i, y : y + window, x : x + window])


def test_an_interpolated_window_is_the_cut_out_one():
    what = Augmentation(crop=0.5)
    batch = images(1, 8)
    affine = torch.tensor([[[1.0, 0.0, 2 * 2 / 8], [0.0, 1.0, 2 * -1 / 8]]])
    got = apply(what, batch, NOTHING._replace(affine=affine))
    np.testing.assert_allclose(got, batch[:, 1:5, 4:8], atol=0.01)


def test_without_changes_images_stay():
    batch = images(3, 8)
    assert torch.equal(apply(Augmentation(), batch, NOTHING), batch)


def test_rotation_turns_the_image():
    batch = images(1, 8)
    quarter = torch.tensor([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]])
    turned = apply(Augmentation(), batch, NOTHING._replace(affine=quarter))
    np.testing.assert_allclose(turned, batch.rot90(1, (1, 2)).float(), atol=0.01)


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_affine_draws_stay_within_their_limits(seed):
    what = Augmentation(flip=True, shift=0.1, zoom=0.3, stretch=0.2, rotation=10)
    draws = draw(what, 50, 16, np.random.default_rng(seed), CPU)
    assert draws.flip is None
    assert draws.shift is None
    area = torch.linalg.det(draws.affine[:, :, :2]).abs()
    assert area.min() >= 1 / 1.3**2 - 1e-5
    assert area.max() <= 1.3**2 + 1e-5
    assert draws.affine[:, :, 2].abs().max() <= 0.2
    angle = torch.atan2(draws.affine[:, 1, 0], draws.affine[:, 1, 1]).abs()
    assert angle.max() <= np.deg2rad(10) + 1e-5


def test_colors_change_as_defined():
    batch = images(2, 5).float()
    color = torch.tensor([[20.0, 0.7, 1.3], [-30.0, 1.2, 0.5]])
    got = apply(Augmentation(), batch, NOTHING._replace(color=color)).numpy()
    for i, (image, (brightness, contrast, saturation)) in enumerate(
        zip(batch.numpy(), color.numpy(), strict=True)
    ):
        gray = image.mean(2, keepdims=True)
        expected = gray + saturation * (image - gray)
        expected = image.mean() + contrast * (expected - image.mean()) + brightness
        np.testing.assert_allclose(got[i], expected.clip(0, 255), atol=1e-3)


def test_cutout_grays_a_square_of_the_given_side():
    what = Augmentation(cutout=0.5)
    batch = torch.zeros((1, 8, 8, 3), dtype=torch.uint8)
    center = NOTHING._replace(cutout=torch.tensor([[0.5, 0.25]]))
    cut = apply(what, batch, center)[0, :, :, 0]
    expected = torch.zeros(8, 8, dtype=torch.uint8)
    expected[0:4, 2:6] = 128
    assert torch.equal(cut, expected)


def test_mixup_blends_images_and_targets_alike():
    x, targets = images(3, 4), torch.eye(3)
    weight = torch.tensor([1.0, 0.75, 0.5])
    mixed, blended = mix(x, targets, weight)
    assert torch.equal(mixed[0], x[0].float())
    np.testing.assert_allclose(mixed[1], 0.75 * x[1].float() + 0.25 * x[0].float())
    assert blended.tolist() == [[1, 0, 0], [0.25, 0.75, 0], [0, 0.5, 0.5]]
    assert mix(x, targets, None) == (x, targets)


def test_the_same_seed_draws_the_same_changes():
    what = Augmentation(
        flip=True, shift=0.1, rotation=9, brightness=0.2, contrast=0.1, cutout=0.3, mixup=0.4
    )
    one, two = (draw(what, 9, 16, np.random.default_rng(5), CPU) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        assert (a is None and b is None) or torch.equal(a, b)
    assert one.take(slice(2, 5)).mixup.tolist() == one.mixup[2:5].tolist()
    assert 0.5 <= one.mixup.min() <= one.mixup.max() <= 1


@pytest.mark.parametrize("zoom", [0.0, 0.2])
def test_one_shift_is_that_shift_along_both_axes(zoom):
    one, two = (
        draw(Augmentation(shift=s, zoom=zoom), 20, 16, np.random.default_rng(3), CPU)
        for s in (0.3, (0.3, 0.3))
    )
    for a, b in zip(one, two, strict=True):
        assert (a is None and b is None) or torch.equal(a, b)


@pytest.mark.parametrize("along", [0, 1])
@pytest.mark.parametrize("zoom", [0.0, 1e-9])
def test_images_shift_along_one_axis_only(along, zoom):
    shift = [0.0, 0.0]
    shift[along] = 0.5
    what = Augmentation.from_dict({"shift": shift, "zoom": zoom})
    draws = draw(what, 30, 8, np.random.default_rng(0), CPU)
    ramp = torch.arange(8, dtype=torch.uint8)
    steps = ramp[:, None] if along == 0 else ramp[None, :]  # constant along the shifted axis
    batch = steps.expand(8, 8)[None, :, :, None].expand(30, 8, 8, 3).contiguous()
    np.testing.assert_allclose(apply(what, batch, draws), batch, atol=1e-4)
    moved = apply(what, batch.transpose(1, 2).contiguous(), draws).float()
    assert (moved - batch.transpose(1, 2)).abs().amax((1, 2, 3)).max() >= 3


def test_noise_is_gaussian_and_new_for_each_value():
    what = Augmentation(noise=0.04)
    batch = torch.full((6, 40, 40, 3), 100, dtype=torch.uint8)
    draws = draw(what, 6, 40, np.random.default_rng(0), CPU)
    noise = (apply(what, batch, draws) - 100).numpy() / (255 * 0.04)
    assert kstest(noise.ravel(), "norm").pvalue > 0.01
    flat = noise.reshape(6, -1, 3)
    assert np.abs(np.corrcoef(flat[:, :, 0]) - np.eye(6)).max() < 0.1  # of two images
    assert np.abs(np.corrcoef(flat.reshape(-1, 3).T) - np.eye(3)).max() < 0.1  # of two channels


def test_noise_of_an_image_does_not_depend_on_its_batch_and_keeps_the_range():
    what = Augmentation(noise=0.5)
    draws, batch = draw(what, 5, 8, np.random.default_rng(1), CPU), images(5, 8)
    together = apply(what, batch, draws)
    for i in range(5):
        rows = slice(i, i + 1)
        assert torch.equal(apply(what, batch[rows], draws.take(rows))[0], together[i])
    assert together.min() == 0
    assert together.max() == 255


@pytest.mark.parametrize(
    "given_",
    [
        {"flipp": True},
        {"crop": 0.0},
        {"crop": 1.1},
        {"shift": -0.1},
        {"shift": 1.0},
        {"cutout": 1.5},
        {"noise": 1.5},
        {"noise": -0.1},
        {"shift": [0.1, 1.0]},
        {"shift": [0.1, -0.1]},
        {"shift": [0.1, 0.1, 0.1]},
        {"shift": ["a", 0.1]},
        {"shift": []},
        {"zoom": [0.1, 0.1]},
    ],
)
def test_wrong_augmentations_are_explained(given_):
    with pytest.raises(InputError):
        Augmentation.from_dict(given_)


@pytest.mark.parametrize(
    "augmentation",
    [
        Augmentation(flip=True, shift=0.2, crop=0.8),
        Augmentation(zoom=0.2, rotation=9, flip=True),
        Augmentation(brightness=0.2, contrast=0.2, saturation=0.7),
        Augmentation(cutout=0.5),
    ],
)
def test_one_channel_changes_as_three_equal_ones_do(augmentation):
    """Saturation changes nothing about gray."""
    gray = torch.randint(0, 256, (6, 10, 10, 1), dtype=torch.uint8)
    draws = draw(augmentation, 6, 10, np.random.default_rng(0), torch.device("cpu"))
    one = apply(augmentation, gray, draws)
    three = apply(augmentation, gray.expand(-1, -1, -1, 3).contiguous(), draws)
    assert one.shape[3] == 1
    torch.testing.assert_close(one.expand_as(three).float(), three.float(), atol=1e-3, rtol=0)
