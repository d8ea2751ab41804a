import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from strata.errors import InputError
from strata.features.descriptors.gist import GIST, normalize_contrast


def naive_gist(image, size, orientations, cells):
    """Filter by filter and cell by cell, in double precision; `image` has that size and is gray."""
    gray = image - image.min().astype(float)
    gray = normalize_contrast(255 * gray / gray.max(), 5).astype(float)
    padded = np.pad(gray, 16, mode="symmetric")
    side = len(padded)
    found = []
    for scale, count in enumerate(orientations):
        for turn in range(count):
            transfer = np.zeros((side, side))
            for v in range(side):
                for u in range(side):
                    fy, fx = np.fft.fftfreq(side)[v], np.fft.fftfreq(side)[u]
                    center = 0.3 / 1.85**scale
                    angle = np.arctan2(fy, fx) + np.pi * turn / count
                    angle = np.arctan2(np.sin(angle), np.cos(angle))
                    along = -10 * 0.35 * (np.hypot(fx, fy) / center - 1) ** 2
                    transfer[v, u] = np.exp(along - 2 * np.pi * 16 * (count / 32 * angle) ** 2)
            answer = np.abs(np.fft.ifft2(np.fft.fft2(padded) * transfer))
            answer = answer[16:-16, 16:-16]
            for rows in np.split(answer, cells):
                found += [cell.mean() for cell in np.split(rows, cells, axis=1)]
    return np.array(found)


def published_gist(gray, size=256, orientations=(8, 8, 8, 8), cells=4):
    """The authors' program, step by step as their papers and its parameters tell; `gray` (h, w)."""
    side = min(gray.shape)
    top, left = (gray.shape[0] - side) // 2, (gray.shape[1] - side) // 2
    square = gray[top : top + side, left : left + side].astype(np.uint8)
    image = np.asarray(Image.fromarray(square).resize((size, size), Image.BILINEAR), float)
    image = 255 * (image - image.min()) / np.ptp(image)
    logs = np.pad(np.log(image + 1), 5, mode="symmetric")
    n = len(logs)
    fx, fy = np.meshgrid(np.arange(-n // 2, n // 2), np.arange(-n // 2, n // 2))
    low = np.fft.fftshift(np.exp(-(fx**2 + fy**2) * np.log(2) / 4**2))
    output = logs - np.fft.ifft2(np.fft.fft2(logs) * low).real
    output /= 0.2 + np.sqrt(np.abs(np.fft.ifft2(np.fft.fft2(output**2) * low)))
    padded = np.pad(output[5:-5, 5:-5], 32, mode="symmetric")
    n = len(padded)
    fx, fy = np.meshgrid(np.arange(-n // 2, n // 2), np.arange(-n // 2, n // 2))
    radius, angle = np.fft.fftshift(np.hypot(fx, fy)), np.fft.fftshift(np.arctan2(fy, fx))
    found = []
    for scale, count in enumerate(orientations):
        for turn in range(count):
            tr = angle + np.pi / count * turn
            tr = tr + 2 * np.pi * (tr < -np.pi) - 2 * np.pi * (tr > np.pi)
            along = -10 * 0.35 * (radius / n / (0.3 / 1.85**scale) - 1) ** 2
            transfer = np.exp(along - 2 * (16 * count**2 / 32**2) * np.pi * tr**2)
            answer = np.abs(np.fft.ifft2(np.fft.fft2(padded) * transfer))[32:-32, 32:-32]
            found += list(answer.reshape(cells, size // cells, cells, size // cells).mean((1, 3)))
    return np.concatenate(found)


@pytest.mark.parametrize("shape", [(256, 256), (300, 400), (90, 60)])
def test_the_published_settings_give_the_published_descriptor(shape):
    image = photograph_like(shape)
    ours = GIST(256, resize="crop", border=32)
    assert np.corrcoef(ours.describe(image), published_gist(image))[0, 1] > 0.995


def photograph_like(shape):
    """Gray levels in [60, 180] whose spectrum falls as that of photographs does."""
    rng = np.random.default_rng(0)
    frequency = np.hypot(*np.meshgrid(*map(np.fft.fftfreq, shape), indexing="ij"))
    frequency[0, 0] = 1
    noise = np.fft.ifft2(np.fft.fft2(rng.normal(size=shape)) / frequency).real
    return np.uint8(60 + 120 * (noise - noise.min()) / np.ptp(noise))


def textured(seed, height=40, width=40):
    return np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)


@given(st.integers(0, 99), st.sampled_from([(2, 1), (3,), (1, 2, 4)]), st.sampled_from([1, 2, 4]))
@settings(max_examples=5, deadline=None)
def test_it_agrees_with_the_definition(seed, orientations, cells):
    image = textured(seed)
    found = GIST(40, orientations, cells).describe(image)
    naive = naive_gist(image, 40, orientations, cells)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, naive, rtol=1e-3, atol=1e-5)


def test_contrast_is_normalized_around_zero():
    gray = textured(0, 64, 64) / 255.0
    gray[:, 32:] = 100 + 150 * gray[:, 32:]
    gray[:, :32] = 20 + 30 * gray[:, :32]
    even = normalize_contrast(gray, 16)
    left, right = even[:, 4:28].std(), even[:, 36:60].std()
    assert abs(even.mean()) < 0.1
    assert 0.7 < left / right < 1.4
    np.testing.assert_allclose(normalize_contrast(np.full((64, 64), 90.0), 16), 0, atol=1e-4)


@pytest.mark.parametrize("turn", range(4))
def test_a_grating_answers_at_its_scale_and_orientation(turn):
    y, x = np.mgrid[:128, :128]
    angle = -np.pi * turn / 4
    wave = np.sin(2 * np.pi * 0.3 / 1.85 * (x * np.cos(angle) + y * np.sin(angle)))
    found = GIST(128, (4, 4, 4), 2).describe(np.uint8(128 + 60 * wave)).reshape(3, 4, 4)
    assert (found.reshape(12, 4).argmax(axis=0) == 4 + turn).all()


def test_mirrored_images_have_mirrored_cells_and_orientations():
    image = textured(1, 64, 64)
    found = GIST(64, (4, 4), 4).describe(image).reshape(2, 4, 4, 4)
    mirrored = GIST(64, (4, 4), 4).describe(image[:, ::-1]).reshape(2, 4, 4, 4)
    np.testing.assert_allclose(mirrored, found[:, [0, 3, 2, 1], :, ::-1], rtol=1e-3, atol=1e-5)


def test_any_image_has_one_vector():
    gist = GIST()
    images = [textured(0, 3, 500), np.zeros((1, 1, 3), np.uint8), textured(2, 300, 200)]
    vectors = gist.fit_transform(images)
    assert vectors.shape == (3, 512)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(vectors[1], 0, atol=1e-5)
    assert gist.transform([]).shape == (0, 512)


def test_bad_parameters_and_images_are_refused():
    with pytest.raises(InputError, match="4 x 4 cells cannot be computed on 130 x 130"):
        GIST(130).describe(textured(0))
    with pytest.raises(InputError, match="no resize = 'crops'"):
        GIST(resize="crops").describe(textured(0))
    with pytest.raises(InputError, match="one at least"):
        GIST(orientations=()).describe(textured(0))
    with pytest.raises(InputError, match="uint8"):
        GIST().describe(np.zeros((4, 4)))
