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
from strata.pipeline.data import candidate_pairs, near_duplicates, registration
from strata.pipeline.data.candidate_pairs import Pairs
from strata.pipeline.data.difference_limits import DifferenceLimits
from strata.pipeline.data.duplicates import duplicate_groups
from strata.pipeline.data.fingerprint import MIRRORED, THUMBNAIL, fingerprint, thumbnails
from strata.pipeline.data.manifest import ImageRecord
from tests.pipeline.data.folders import encoded, textured
from tests.pipeline.data.records import cropped, jpeg, record, resized


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
    "mirror image": lambda image: image[:, ::-1],
    "small mirror image": lambda image: jpeg(resized(image[:, ::-1], 96, 96), 85),
    "cropped mirror image": lambda image: jpeg(cropped(image[:, ::-1], 0.04, 0.04, 0, 0), 85),
}


@pytest.mark.parametrize("kind", COPIES)
def test_copies_are_found_and_nothing_else(kind):
    images = [*PICTURES, *map(COPIES[kind], PICTURES[:20])]
    groups = duplicate_groups([record(image, str(i)) for i, image in enumerate(images)])
    assert groups[:40] == list(range(40))  # no two of the originals
    found = [copy == original for original, copy in enumerate(groups[40:])]
    assert sum(found) >= 19
    assert all(copy == original or copy >= 40 for original, copy in enumerate(groups[40:]))


def test_large_crops_and_turned_images_are_other_pictures():
    image = PICTURES[0]
    others = [cropped(image, 0.3, 0.3, 0, 0), image[::-1], np.rot90(image), np.rot90(image, 3)]
    records = [record(i, str(n)) for n, i in enumerate([image, *others])]
    assert len(set(duplicate_groups(records))) == 5


def test_the_hash_of_a_mirror_image_follows_from_that_of_the_image():
    for image in PICTURES[:10]:
        assert fingerprint(image).phash ^ MIRRORED == record(image[:, ::-1]).phash


def test_mirrored_pairs_are_found_whatever_their_labels():
    rng = np.random.default_rng(0)
    images = [side for seed in range(120) for side in mirrored_pair(textured(seed, 96))]
    records = [record(i, str(n), str(rng.integers(4))) for n, i in enumerate(images)]
    assert duplicate_groups(records) == [number for number in range(120) for _ in range(2)]


def mirrored_pair(image):
    return image, jpeg(image[:, ::-1], 90)


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
    mirrored = [record(PICTURES[0], "0"), record(PICTURES[0][:, ::-1], "1")]
    assert duplicate_groups(mirrored) == [0, 0]
    assert duplicate_groups(mirrored, near=False) == [0, 1]


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


def naive_pairs(phashes, small):
    """One pair after the other: (first, second, mirrored)."""
    signs, textured_ones = candidate_pairs._detail_signs(small)
    for i in textured_ones.tolist():
        for j in textured_ones[textured_ones > i].tolist():
            for side, turned in enumerate((0, MIRRORED)):
                bits = (int(phashes[i]) ^ int(phashes[j]) ^ turned).bit_count()
                differing = sum(
                    (int(a) ^ int(b)).bit_count()
                    for a, b in zip(signs[0, i], signs[side, j], strict=True)
                )
                near = bits <= candidate_pairs.MAX_DISTANCE
                if near and differing + 2 * bits <= candidate_pairs.MAX_SIGNS:
                    yield i, j, bool(side)


BLOCKS = [(16, 8192, 1 << 14), (3, 7, 5), (1, 1, 1), (64, 16, 9)]


@pytest.mark.parametrize("sizes", BLOCKS)
def test_candidate_pairs_are_those_of_a_naive_search(sizes, monkeypatch):
    for name, size in zip(("_ROWS", "_COLUMNS", "_WAITING"), sizes, strict=True):
        monkeypatch.setattr(candidate_pairs, name, size)
    phashes = np.array([r.phash for r in RECORDS], np.uint64)
    small = thumbnails([r.thumbnail for r in RECORDS])
    found = [
        pair
        for block in candidate_pairs.candidate_pairs(phashes, small)
        for pair in zip(*(column.tolist() for column in block), strict=True)
    ]
    assert len(found) > 20
    assert sorted(found) == sorted(naive_pairs(phashes, small))


@pytest.mark.parametrize("together", [1, 2, 7, 256])
def test_pairs_are_measured_together_as_one_by_one(together, monkeypatch):
    monkeypatch.setattr(near_duplicates, "_TOGETHER", together)
    assert same_groups(duplicate_groups(RECORDS)) == same_groups(GROUPS)


@given(
    st.lists(st.integers(0, 2**64 - 1), max_size=30),
    st.integers(0, 64),
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 50)),
)
def test_similar_hashes_are_those_of_a_naive_search(values, distance, sizes):
    with pytest.MonkeyPatch.context() as patch:
        for name, size in zip(("_ROWS", "_COLUMNS", "_WAITING"), sizes, strict=True):
            patch.setattr(candidate_pairs, name, size)
        patch.setattr(candidate_pairs, "MAX_DISTANCE", distance)
        found = [
            pair
            for block in candidate_pairs._similar_hashes(np.array(values, np.uint64))
            for pair in zip(*(column.tolist() for column in block), strict=True)
        ]
    assert sorted(found) == [
        (i, j, bool(turned))
        for i in range(len(values))
        for j in range(i + 1, len(values))
        for turned in (0, MIRRORED)
        if (values[i] ^ values[j] ^ turned).bit_count() <= distance
    ]


def test_many_near_duplicates_are_grouped_without_comparing_all(monkeypatch):
    """Frames of one film: each has to be looked at once, not with every other."""
    rng = np.random.default_rng(0)
    frame, *others = thumbnails([record(picture).thumbnail for picture in PICTURES])
    frames = np.clip(frame + rng.integers(-2, 3, (600, THUMBNAIL, THUMBNAIL)), 0, 255)
    small = np.concatenate([frames.astype(np.uint8), np.array(others * 5)])
    compared = []
    differences = registration.differences

    def counted(first, second, *enough):
        compared.append(len(first))
        return differences(first, second, *enough)

    monkeypatch.setattr(registration, "differences", counted)
    phashes = np.concatenate([np.zeros(600, np.uint64), np.arange(1, 196, dtype=np.uint64) << 40])
    monkeypatch.setattr(DifferenceLimits, "_limit", lambda self, label: 1.0)
    found = near_duplicates.near_duplicate_groups(phashes, small, np.zeros(len(small), int))
    assert set(found.copies[:600].tolist()) == {0}
    assert sum(compared) < 5 * 600


def test_the_nearest_candidates_are_kept_where_all_images_are_alike():
    rng = np.random.default_rng(0)
    frame = thumbnails([record(PICTURES[0]).thumbnail])
    frames = np.clip(frame + rng.integers(-9, 10, (300, THUMBNAIL, THUMBNAIL)), 0, 255)
    blocks = candidate_pairs.candidate_pairs(np.zeros(300, np.uint64), frames.astype(np.uint8))
    firsts = np.concatenate([block.first for block in blocks])
    assert np.bincount(firsts).max() == candidate_pairs.MAX_CANDIDATES
    pairs = Pairs(np.array([5] * 40), np.arange(40), np.zeros(40, bool))
    differing = rng.permutation(40)
    kept = candidate_pairs._nearest(pairs, differing)
    assert sorted(differing[kept.second]) == list(range(candidate_pairs.MAX_CANDIDATES))


def joined(count, links):
    """Groups after joining by weak links (first, second, ratio)."""
    group = np.arange(count)
    first, second, ratio = map(np.array, zip(*links, strict=True))
    pairs = Pairs(first, second, np.zeros(len(first), bool))
    near_duplicates._join_alike_groups(group, pairs, ratio)
    return group.tolist()


def test_weak_links_join_groups_that_agree_as_a_whole_and_do_not_chain():
    assert joined(2, [(0, 1, 0.9)]) == [0, 0]
    assert joined(2, [(0, 1, 1.1)]) == [0, 1]
    chain = [(n, n + 1, 0.6 + 0.01 * n) for n in range(20)]
    groups = joined(21, chain)
    assert max(map(groups.count, groups)) <= 3
    all_of_five = [(i, j, 0.8) for i in range(5) for j in range(i + 1, 5)]
    assert joined(6, [*all_of_five, (4, 5, 0.9)]) == [0, 0, 0, 0, 0, 5]


def joined_naively(group, pairs, ratio):
    """Links between two groups counted anew for each of them."""
    links = {(int(f), int(s)): r for f, s, r in zip(pairs.first, pairs.second, ratio, strict=True)}
    for first, second in sorted(links, key=links.get):
        a, b = group[first], group[second]
        across = sum({group[f], group[s]} == {a, b} for f, s in links)
        if a != b and across >= 0.5 * (group == a).sum() * (group == b).sum():
            group[group == max(a, b)] = min(a, b)
    return group


@given(
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=40),
    st.lists(st.integers(0, 11), max_size=6),
)
def test_groups_are_joined_as_if_links_were_counted_each_time(drawn, joined):
    group = np.arange(12)
    for number in joined:  # groups of the strong links
        group[group == group[number]] = group[0]
    links = sorted({(min(p), max(p)) for p in drawn if p[0] != p[1]})
    first, second = np.array(links, int).reshape(-1, 2).T
    pairs = Pairs(first, second, np.zeros(len(first), bool))
    ratio = np.random.default_rng(len(links)).permutation(np.linspace(0.5, 1, len(links)))
    expected = joined_naively(group.copy(), pairs, ratio)
    near_duplicates._join_alike_groups(group, pairs, ratio)
    assert (group == expected).all()


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
    assert (registration.differences(noise, noise[::-1]) > 1).all()
    assert (registration.differences(ramps, ramps[::-1].transpose(0, 2, 1)) > 1).all()
    assert registration.differences(noise, noise) == pytest.approx(0, abs=1e-4)
