"""Images beside the data set: found at any depth, copies of the data set's own left out."""

import shutil

import numpy as np
import pytest
from PIL import Image

from strata.errors import InputError
from strata.pipeline.experiment.dataset import open_dataset
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.store.store import Store
from tests.pipeline.data.folders import encoded, lay_out, textured, write_classes
from tests.pipeline.project import Project, write_images


def opened(project, *settings):
    experiment = read_experiment(project.file, list(settings))
    return open_dataset(experiment, Store(project.store), jobs=1, progress=lambda *_: None)


@pytest.fixture
def more(project):
    """Eight images in folders of several depths, one of them a copy, and one a copy as JPEG."""
    folder = project.root / "more"
    rng = np.random.default_rng(9)
    for place in ("a.png", "deep/b.png", "deep/er/c.png", "deep/er/d.png"):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 255, (24, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / place)
    own = sorted((project.root / "images").rglob("*.png"))
    shutil.copy(own[0], folder / "copy.png")
    Image.open(own[-1]).save(folder / "deep" / "same_pixels.bmp")
    return folder


def test_images_lie_at_any_depth_and_copies_are_left_out(project, more):
    dataset = opened(project)
    shards, images = dataset.further.unlabeled("more")
    assert images.ids == ("a.png", "deep/b.png", "deep/er/c.png", "deep/er/d.png")
    assert images.labels is None
    assert sorted(images.digests) == sorted(d for shard in shards for d in shard.digests)
    own = {record.digest for record in dataset.manifest.records}
    assert not own & set(images.digests)
    assert dataset.further.notes == [
        "2 of the 6 images of more are copies of the data set's own, and left out"
    ]
    assert dataset.further.unlabeled("more") is dataset.further.unlabeled("more")
    assert dataset.further.unlabeled(str(more))[1].key == images.key  # absolute too
    assert all(Store(project.store).state(key) == "present" for key in dataset.further.keys)


def test_near_duplicates_are_left_out_if_they_count_as_copies(tmp_path):
    project = Project(tmp_path)
    write_classes(tmp_path / "images", {"a": 4, "b": 4})
    lay_out(tmp_path, "more/jpeg.jpg", content=encoded(textured(1), "JPEG", quality=80))
    lay_out(tmp_path, "more/other.png", content=encoded(textured(99)))
    project.file.write_text(
        '[data]\nsource = "images"\n[protocol]\nfolds = 2\ntest = 0\n[methods.tinynet]\n'
    )
    found = {
        near: opened(project, f"data.near_duplicates={near}").further.unlabeled("more")[1].ids
        for near in ("true", "false")
    }
    assert found == {"true": ("other.png",), "false": ("jpeg.jpg", "other.png")}


def test_labels_are_the_names_of_class_folders(project):
    write_images(project.root / "others", per_class=3)  # the data set's first ones
    with pytest.raises(InputError, match="All images of others are copies"):
        opened(project).further.labeled("others")
    for number, path in enumerate(sorted((project.root / "others").rglob("*.png"))):
        pixels = 255 - np.asarray(Image.open(path))
        pixels[0, 0] = number
        Image.fromarray(pixels).save(path)
    _, images = opened(project).further.labeled("others")
    assert images.classes == ("blue", "gray", "green")
    assert images.labels == (0, 0, 0, 1, 1, 1, 2, 2, 2)


def test_values_are_read_in_the_range_of_the_data_set(project, more):
    """16 bits of which the data set uses 12: not the 16 that the further images alone would be."""
    bright = np.full((24, 24), 4095, np.uint16)
    for path in sorted((project.root / "images").rglob("*.png")):
        own = np.random.default_rng(int(path.stem)).integers(0, 4096, (24, 24), dtype=np.uint16)
        own[0, 0] = hash(path.parent.name) % 4096
        Image.fromarray(own).save(path)
    Image.fromarray(bright // 16).save(more / "a.png")
    shards, images = opened(project).further.unlabeled("more")
    digest = images.digests[images.ids.index("a.png")]
    read = {d: pixels for shard in shards for d, pixels in zip(shard.digests, shard, strict=True)}
    assert read[digest].max() == round(255 / 16)  # as one of 8 bits, 255


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nowhere", "There is no .*nowhere"),
        ("empty", "No images in .*empty"),
        ("https://example.org/a.zip", "is a URL"),
        ("broken", "1 image cannot be read"),
    ],
)
def test_a_folder_that_cannot_be_used_is_named(project, place, said):
    (project.root / "empty").mkdir()
    lay_out(project.root, "broken/a.png", content=b"no image")
    for read in ("unlabeled", "labeled"):
        if (place, read) in (("empty", "labeled"), ("broken", "labeled")):
            continue  # of class folders, see test_source.py
        with pytest.raises(InputError, match=said):
            getattr(opened(project).further, read)(place)


def test_broken_images_are_skipped_as_in_the_data_set(project, more):
    lay_out(more, "broken.png", content=b"no image")
    _, images = opened(project, "data.skip_broken=true").further.unlabeled("more")
    assert len(images) == 4


def test_images_that_a_limit_leaves_out_are_known_without_labels(project):
    dataset = opened(project)
    assert all(fold.left_out is None for fold in dataset.folds)
    for whole, fold in zip(dataset.folds, dataset.folds_with(2), strict=True):
        assert fold.left_out.labels is None
        assert sorted((*fold.left_out.ids, *fold.train.ids)) == sorted(whole.train.ids)
        assert not set(fold.left_out.ids) & set(whole.test.ids)
        for inner in dataset.inner_folds(fold, 2):
            assert inner.left_out is fold.left_out


def test_copies_of_images_to_learn_from_are_not_among_those_left_out(project):
    for folder in (project.root / "images").iterdir():
        for path in sorted(folder.iterdir()):
            shutil.copy(path, path.with_name(f"{path.stem}b.png"))
    for fold in opened(project).folds_with(3):
        assert fold.left_out.ids
        assert not set(fold.left_out.digests) & set(fold.train.digests)
