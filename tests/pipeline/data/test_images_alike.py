"""Images that look alike, digits and views of a fixed camera, are not taken for copies."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from strata.pipeline.data.audit import audit
from strata.pipeline.data.difference_limits import MIN_IMAGES, DifferenceLimits
from strata.pipeline.data.duplicates import duplicate_groups, find_duplicates
from strata.pipeline.data.fingerprint import thumbnails
from strata.pipeline.data.manifest import Manifest
from strata.pipeline.experiment.splits import draw_splits
from tests.pipeline.data.folders import textured
from tests.pipeline.data.records import jpeg, record, resized


def digits(size):
    """The digits that come with scikit-learn, 8 x 8, enlarged."""
    from sklearn.datasets import load_digits

    found = load_digits()
    for number, (image, label) in enumerate(zip(found.images, found.target, strict=True)):
        gray = np.rint(image * (255 / 16)).astype(np.uint8)
        pixels = np.asarray(Image.fromarray(gray).resize((size, size), Image.Resampling.BICUBIC))
        yield np.repeat(pixels[..., None], 3, 2), f"{label}/{number}.png", str(label)


def in_groups(groups):
    """Number of images in groups of more than one."""
    return sum(size for size in Counter(groups).values() if size > 1)


def drawn(records, **options):
    settings = {"folds": 4, "repeats": 1, "new_folds": True, "seed": 0, "test": 0.3}
    return draw_splits(tuple(records), near_duplicates=True, **settings | options)


@pytest.mark.parametrize(("size", "step"), [(28, 2), (8, 3)])
def test_different_digits_are_not_copies(size, step):
    images = list(digits(size))[::step]
    records = [record(*image) for image in images]
    found = find_duplicates(records)
    assert in_groups(found.copies) <= 0.01 * len(records)
    assert in_groups(found.alike) >= 0.1 * len(records)
    folds = drawn(records, folds=8)["folds"][0]
    for label in {r.label for r in records}:
        rows = zip(records, folds, strict=True)
        sizes = Counter(f for r, f in rows if r.label == label and f >= 0)
        assert max(sizes.values()) - min(sizes.values()) <= 2


def test_copies_of_digits_are_found_among_digits():
    images = list(digits(28))[:500]
    copies = [(jpeg(image, 75), f"copy of {name}", label) for image, name, label in images[:50]]
    groups = duplicate_groups([record(*image) for image in [*images, *copies]])
    assert sum(a == b for a, b in zip(groups[:50], groups[500:], strict=True)) >= 45


def parts(count, rng):
    """One part under a fixed camera, ok or with a scratch."""
    camera = textured(1, 128) * 0.4 + 70
    for number in range(2 * count):
        image = camera + rng.normal(0, 4)
        if number % 2:
            y, x = rng.integers(30, 90, 2)
            image[y : y + 3, x : x + 25] = 40
        image = np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
        label = ("ok", "scratched")[number % 2]
        yield image, f"{label}/{number}.png", label


def places(count, rng):
    """One parking place, empty or taken by a car of some color."""
    camera = textured(2, 128) * 0.5 + 60
    for number in range(2 * count):
        image = camera * rng.uniform(0.8, 1.1)
        if number % 2:
            y, x = rng.integers(35, 45, 2)
            image[y : y + 30, x : x + 50] = rng.integers(0, 255, 3)
            image[y + 6 : y + 20, x + 10 : x + 40] = rng.integers(0, 255, 3)
        image = np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
        label = ("empty", "taken")[number % 2]
        yield image, f"{label}/{number}.png", label


@pytest.mark.parametrize("camera", [parts, places])
def test_images_of_a_fixed_camera_are_a_doubt_and_no_group(camera):
    records = [record(*image) for image in camera(30, np.random.default_rng(0))]
    assert in_groups(duplicate_groups(records)) <= 2
    folds = drawn(records)["folds"][0]
    assert all(Counter(folds)[fold] >= 8 for fold in range(4))
    findings = {f.code: f for f in audit(Manifest(records[0].path, tuple(records))).findings}
    assert findings["alike"].severity == "warning"
    assert sum(map(len, findings["alike"].images)) >= 30
    assert "small-class" not in findings


def test_exact_copies_under_a_fixed_camera_are_copies():
    images = list(parts(15, np.random.default_rng(0)))
    again = (images[3][0], "ok/again.png", "ok")
    groups = duplicate_groups([record(*image) for image in [*images, again]])
    assert groups[-1] == groups[3]
    assert in_groups(groups) <= 4


def clips(per_class, frames, rng):
    """Clips of a camera that pans over a scene, two classes."""
    for number in range(2 * per_class):
        scene = textured(100 + number, 320)[:128]
        for frame in range(frames):
            image = scene[:, 3 * frame : 3 * frame + 128] + rng.normal(0, 2, (128, 128, 3))
            image = jpeg(np.clip(image, 0, 255).astype(np.uint8), 85)
            yield image, f"{number % 2}/{number}-{frame:02d}.jpg", str(number % 2)


@pytest.mark.parametrize(("per_class", "frames"), [(1, 40), (2, 25), (5, 12)])
def test_the_frames_of_a_panning_clip_stay_one_group(per_class, frames):
    records = [record(*frame) for frame in clips(per_class, frames, np.random.default_rng(0))]
    groups = duplicate_groups(records)
    assert groups == [number // frames for number in range(len(records))]


def test_copies_that_are_most_of_a_class_are_copies_all_the_same():
    """16 re-encodings of one picture and 6 others."""
    picture = textured(0, 96)
    copies = [jpeg(resized(picture, 90 + n, 90 + n), 60 + 2 * n) for n in range(16)]
    images = [*copies, *(textured(seed, 96) for seed in range(1, 7))]
    records = [record(image, str(n)) for n, image in enumerate(images)]
    assert duplicate_groups(records) == [0] * 16 + list(range(1, 7))


def limit_of(images, labels, asked):
    small = thumbnails([record(image).thumbnail for image in images])
    return DifferenceLimits(small, np.array(labels)).of(np.array([asked]))[0]


def test_the_limit_falls_with_how_alike_a_class_is():
    unlike = [textured(seed, 64) for seed in range(20)]
    alike = [image for image, _, label in parts(20, np.random.default_rng(0)) if label == "ok"]
    assert limit_of(unlike, [0] * 20, 0) == 1
    assert limit_of(alike, [0] * 20, 0) < 1e-6
    both = [*unlike, *alike]
    assert limit_of(both, [0] * 20 + [1] * 20, 0) == 1
    assert limit_of(both, [0] * 20 + [1] * 20, 39) < 1e-6
    zeros = [image for image, _, label in digits(28) if label == "0"][:60]
    assert 1e-3 < limit_of(zeros, [0] * 60, 0) < 0.1


def test_small_classes_are_judged_by_all_images():
    alike = [image for image, _, label in parts(20, np.random.default_rng(0)) if label == "ok"]
    labels = [n // (MIN_IMAGES - 1) for n in range(20)]
    assert limit_of(alike, labels, 0) < 1e-6
    assert limit_of(alike[: MIN_IMAGES - 1], [0] * (MIN_IMAGES - 1), 0) == 1
