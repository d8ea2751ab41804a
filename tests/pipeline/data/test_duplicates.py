import base64
import io
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from strata.image_io import read_image
from strata.pipeline.data import near_duplicates, registration
from strata.pipeline.data.duplicates import duplicate_groups
from strata.pipeline.data.fingerprint import THUMBNAIL, fingerprint, thumbnails
from strata.pipeline.data.manifest import ImageRecord
from tests.pipeline.data.folders import encoded, textured


def record(image, name="x", digest=None):
    """The record of an image that is stored without loss under a file of its own."""
    height, width = image.shape[:2]
    traces = fingerprint(image)
    digest = digest or f"{name} {traces.pixels}"
    return ImageRecord(
        name, Path(name), "a", None, width, height, 1, 1, digest,
        traces.phash, traces.pixels, traces.thumbnail,
    )  # fmt: skip


def jpeg(image, quality):
    return read_image(encoded(image, "JPEG", quality=quality))


def resized(image, width, height):
    pixels = Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(pixels)


def cropped(image, left, top, right, bottom):
    """Parts of a side cut off."""
    height, width = image.shape[:2]
    return image[
        round(top * height) : round((1 - bottom) * height),
        round(left * width) : round((1 - right) * width),
    ]


def same_groups(groups):
    """Co-membership matrix of the groups, independent of their numbers."""
    return [[other == group for other in groups] for group in groups]


PICTURES = [textured(seed, 192) for seed in range(40)]

COPIES = {
    "jpeg 90": lambda image: jpeg(image, 90),
    "jpeg 30": lambda image: jpeg(image, 30),
    "half the size": lambda image: jpeg(resized(image, 96, 96), 85),
    "small": lambda image: jpeg(resized(image, 48, 48), 90),
    "double": lambda image: jpeg(resized(image, 384, 384), 85),
    "other proportions": lambda image: jpeg(resized(image, 240, 160), 85),
    "crop all round": lambda image: jpeg(cropped(image, 0.03, 0.03, 0.03, 0.03), 85),
    "crop of a corner": lambda image: jpeg(cropped(image, 0.04, 0.04, 0, 0), 85),
    "crop of one side": lambda image: resized(cropped(image, 0, 0, 0.05, 0), 192, 192),
    "brighter": lambda image: np.clip(image * 1.1 + 8, 0, 255).astype(np.uint8),
    "gray": lambda image: np.asarray(Image.fromarray(image).convert("L").convert("RGB")),
}


@pytest.mark.parametrize("kind", COPIES)
def test_copies_are_found_and_nothing_else(kind):
    images = [*PICTURES, *map(COPIES[kind], PICTURES[:20])]
    groups = duplicate_groups([record(image, str(i)) for i, image in enumerate(images)])
    assert groups[:40] == list(range(40))  # no two of the originals
    found = [copy == original for original, copy in enumerate(groups[40:])]
    assert sum(found) >= 19
    assert all(copy == original or copy >= 40 for original, copy in enumerate(groups[40:]))


def test_large_crops_and_mirror_images_are_other_pictures():
    image = PICTURES[0]
    others = [cropped(image, 0.3, 0.3, 0, 0), image[:, ::-1], image[::-1], np.rot90(image)]
    records = [record(np.ascontiguousarray(i), str(n)) for n, i in enumerate([image, *others])]
    assert len(set(duplicate_groups(records))) == 5


def sky(rng, kind, clouds):
    """A gradient, a vignette or a horizon, with a little of its own in it."""
    y, x = np.mgrid[0:96, 0:96] / 95
    light, slope = rng.uniform(60, 180), rng.uniform(-100, 100)
    image = light + slope * y + rng.uniform(-15, 15) * x
    if kind == "vignette":
        image = light + 60 - rng.uniform(60, 120) * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    elif kind == "horizon":
        image = np.where(y < rng.uniform(0.4, 0.6), light + slope * y, light - 60 + 30 * y)
    for cells in (3, 6, 12):
        layer = Image.fromarray(rng.normal(0, clouds, (cells, cells)).astype(np.float32))
        image = image + np.asarray(layer.resize((96, 96), Image.Resampling.BICUBIC))
    image = np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)
    return np.repeat(image[..., None], 3, 2)


@pytest.mark.parametrize("kind", ["gradient", "vignette", "horizon"])
@pytest.mark.parametrize("clouds", [0, 1, 4])
def test_skies_are_not_copies_of_each_other(kind, clouds):
    rng = np.random.default_rng(0)
    records = [record(sky(rng, kind, clouds), str(i)) for i in range(150)]
    assert len(set(duplicate_groups(records))) == 150


def test_a_cloudy_sky_and_its_copy_are_found_all_the_same():
    rng = np.random.default_rng(0)
    images = [sky(rng, "gradient", 12) for _ in range(50)]
    groups = duplicate_groups(
        [record(i, str(n)) for n, i in enumerate([*images, jpeg(images[7], 60)])]
    )
    assert groups == [*range(50), 7]


def test_lossless_copies_are_found_even_where_there_is_nothing_to_see():
    gray, white = np.full((30, 40, 3), 99, np.uint8), np.full((30, 40, 3), 255, np.uint8)
    turned = np.ascontiguousarray(gray.transpose(1, 0, 2))
    images = [read_image(encoded(i, fmt)) for i in (gray, white, turned) for fmt in ("PNG", "BMP")]
    records = [record(image, str(n)) for n, image in enumerate(images)]
    for near in (False, True):
        assert duplicate_groups(records, near=near) == [0, 0, 1, 1, 2, 2]


def test_the_same_bytes_are_a_copy_without_looking_at_pixels():
    records = [
        ImageRecord(str(n), Path(), "a", None, 1, 1, 1, 1, d, 0) for n, d in enumerate("xyxzy")
    ]
    assert duplicate_groups(records) == duplicate_groups(records, near=False) == [0, 1, 0, 2, 1]
    assert duplicate_groups([]) == duplicate_groups([], near=False) == []


def test_near_duplicates_can_be_excluded():
    records = [record(PICTURES[0], "0"), record(jpeg(PICTURES[0], 80), "1")]
    assert duplicate_groups(records) == [0, 0]
    assert duplicate_groups(records, near=False) == [0, 1]
    far = [record(PICTURES[0], "0"), record(cropped(PICTURES[0], 0.04, 0.04, 0, 0), "1")]
    assert bin(far[0].phash ^ far[1].phash).count("1") > 0
    assert duplicate_groups(far, max_distance=0) == [0, 1]
    assert duplicate_groups(far) == [0, 0]


def test_copies_of_copies_form_one_group():
    image = PICTURES[3]
    chain = [cropped(image, 0.02 * n, 0, 0.14 - 0.02 * n, 0) for n in range(8)]
    groups = duplicate_groups([record(i, str(n)) for n, i in enumerate([chain[0], chain[7]])])
    assert groups == [0, 1]
    assert set(duplicate_groups([record(i, str(n)) for n, i in enumerate(chain)])) == {0}


RECORDS = [
    record(copy(image), f"{kind} {n}")
    for n, image in enumerate(PICTURES[:12])
    for kind, copy in [("plain", np.copy), *list(COPIES.items())[n % 6 :: 4]]
]
GROUPS = duplicate_groups(RECORDS)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32))
def test_the_order_of_the_images_does_not_matter(seed):
    order = random.Random(seed).sample(range(len(RECORDS)), len(RECORDS))
    groups = duplicate_groups([RECORDS[i] for i in order])
    assert list(dict.fromkeys(groups)) == list(range(len(set(groups))))  # numbered as they come
    assert same_groups(groups) == same_groups([GROUPS[i] for i in order])


def naive_groups(phashes, small, max_distance):
    """One pair after the other."""
    signs, textured_ones = near_duplicates._detail_signs(small)
    group = list(range(len(phashes)))
    for i in textured_ones:
        for j in textured_ones[textured_ones > i]:
            bits = bin(int(phashes[i]) ^ int(phashes[j])).count("1")
            differing = sum(
                bin(int(a) ^ int(b)).count("1") for a, b in zip(signs[i], signs[j], strict=True)
            )
            if bits > max_distance or differing + 2 * bits > near_duplicates.MAX_SIGNS:
                continue
            if registration.same_picture(small[i : i + 1], small[j : j + 1])[0]:
                group = [group[i] if g == group[j] else g for g in group]
    return group


@pytest.mark.parametrize(
    "sizes", [(16, 8192, 1 << 14, 256), (3, 7, 5, 2), (1, 1, 1, 1), (64, 16, 9, 4)]
)
def test_blocks_of_any_size_give_the_groups_of_a_naive_search(sizes, monkeypatch):
    for name, size in zip(("_ROWS", "_COLUMNS", "_WAITING", "_TOGETHER"), sizes, strict=True):
        monkeypatch.setattr(near_duplicates, name, size)
    phashes = np.array([r.phash for r in RECORDS], np.uint64)
    small = thumbnails([r.thumbnail for r in RECORDS])
    for distance in (4, 20):
        found = near_duplicates.near_duplicate_groups(phashes, small, distance)
        assert same_groups(found) == same_groups(naive_groups(phashes, small, distance))


@given(
    st.lists(st.integers(0, 2**64 - 1), max_size=40),
    st.integers(0, 64),
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 50)),
)
def test_candidate_pairs_are_those_of_a_naive_search(values, distance, sizes):
    rows, columns, waiting = sizes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "_ROWS", rows)
        patch.setattr(near_duplicates, "_COLUMNS", columns)
        patch.setattr(near_duplicates, "_WAITING", waiting)
        found = [
            (int(i), int(j))
            for first, second in near_duplicates._candidate_pairs(
                np.array(values, np.uint64), distance
            )
            for i, j in zip(first, second, strict=True)
        ]
    assert sorted(found) == [
        (i, j)
        for i in range(len(values))
        for j in range(i + 1, len(values))
        if bin(values[i] ^ values[j]).count("1") <= distance
    ]


def test_many_near_duplicates_are_grouped_without_comparing_all(monkeypatch):
    """Frames of one film: each has to be looked at once, not with every other."""
    rng = np.random.default_rng(0)
    frame = thumbnails([record(PICTURES[0]).thumbnail])
    frames = np.clip(frame + rng.integers(-2, 3, (600, THUMBNAIL, THUMBNAIL)), 0, 255)
    looked_at = []
    same_picture = registration.same_picture

    def counted(first, second):
        looked_at.append(len(first))
        return same_picture(first, second)

    monkeypatch.setattr(registration, "same_picture", counted)
    groups = near_duplicates.near_duplicate_groups(
        np.zeros(600, np.uint64), frames.astype(np.uint8), 0
    )
    assert set(groups.tolist()) == {0}
    assert sum(looked_at) < 5 * 600


def test_double_centering_removes_functions_of_rows_and_columns():
    rng = np.random.default_rng(0)
    stripes = rng.normal(size=(3, 24, 1)) + rng.normal(size=(3, 1, 24))
    whole = np.ones((3, 24, 24))
    np.testing.assert_allclose(registration.double_centered(stripes, whole), 0, atol=1e-12)
    part = whole.copy()
    part[:, :4] = part[:, :, 20:] = 0
    np.testing.assert_allclose(registration.double_centered(stripes, part), 0, atol=1e-12)
    content = registration.double_centered(rng.normal(size=(3, 24, 24)), whole)
    np.testing.assert_allclose(registration.double_centered(content + stripes, whole), content)


def test_a_thumbnail_survives_its_encoding():
    image = PICTURES[0]
    text = fingerprint(image).thumbnail
    assert len(base64.b64decode(text)) == THUMBNAIL**2
    small = thumbnails([text, text])
    assert small.shape == (2, THUMBNAIL, THUMBNAIL)
    buffer = io.BytesIO()
    Image.fromarray(small[0]).resize((192, 192)).save(buffer, "PNG")
    again = thumbnails([fingerprint(read_image(buffer.getvalue())).thumbnail])[0]
    assert np.abs(again.astype(int) - small[0]).mean() < 6


@pytest.mark.filterwarnings("error")
def test_noise_and_ramps_match_only_themselves():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (3000, THUMBNAIL, THUMBNAIL)).astype(np.uint8)
    ramps = (noise // 64 + np.arange(THUMBNAIL) * rng.integers(1, 8, (3000, 1, 1))).astype(np.uint8)
    assert not registration.same_picture(noise, noise[::-1]).any()
    assert not registration.same_picture(ramps, ramps[::-1].transpose(0, 2, 1)).any()
    assert registration.same_picture(noise, noise).all()
