"""Folds and subsets of a data set in which some images are copies of each other."""

import itertools
import shutil
from collections import defaultdict

import pytest

from strata.errors import InputError
from strata.pipeline.experiment.dataset import open_dataset
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.store.store import Store


@pytest.fixture
def dataset(project):
    """A data set in which two images of each class have two copies."""
    for folder in (project.root / "images").iterdir():
        for name, copy in itertools.product(("000", "001"), "bc"):
            shutil.copy(folder / f"{name}.png", folder / f"{name}{copy}.png")
    experiment = read_experiment(project.file, [])
    return open_dataset(experiment, Store(project.store), jobs=1, progress=lambda *_: None)


def together(subset):
    """The sets of copies, by the subset's groups."""
    sets = defaultdict(set)
    for name, group in zip(subset.ids, subset.groups, strict=True):
        sets[group].add(name)
    return sorted(sorted(found) for found in sets.values() if len(found) > 1)


def test_training_subsets_have_groups_of_copies(dataset):
    for fold in dataset.folds:
        contents = defaultdict(set)
        for name, digest in zip(fold.train.ids, fold.train.digests, strict=True):
            contents[digest].add(name)
        copies = sorted(sorted(found) for found in contents.values() if len(found) > 1)
        assert together(fold.train) == copies
        assert fold.test.groups is None
    assert any(together(fold.train) for fold in dataset.folds)


def test_inner_folds_keep_copies_together(dataset):
    fold = next(fold for fold in dataset.folds if together(fold.train))
    inner = dataset.inner_folds(fold, 2)
    found = [
        copies for part in inner if part.train.groups is not None for copies in together(part.train)
    ]
    assert sorted(found) == together(fold.train)  # each is learned from in one of two folds, whole
    for part in inner:
        assert not set(part.train.digests) & set(part.test.digests)


def test_images_without_copies_need_no_groups(project):
    experiment = read_experiment(project.file, [])
    dataset = open_dataset(experiment, Store(project.store), jobs=1, progress=lambda *_: None)
    assert all(fold.train.groups is None for fold in dataset.folds)


def test_repeats_may_keep_their_folds_and_differ_in_seeds_only(project):
    def opened(*settings):
        experiment = read_experiment(project.file, ["protocol.repeats=2", *settings])
        return open_dataset(experiment, Store(project.store), jobs=1, progress=lambda *_: None)

    drawn = opened().folds
    kept = opened("protocol.new_folds=false").folds
    for folds, same in ((drawn, False), (kept, True)):
        held_out = [[f.test.ids for f in folds if f.repeat == repeat] for repeat in (0, 1)]
        assert (held_out[0] == held_out[1]) == same
        seeds = [f.train.seed for f in folds if f.repeat >= 0]
        assert len(set(seeds)) == len(seeds)
    assert [f.test.ids for f in drawn if not f.repeat] == [f.test.ids for f in kept if not f.repeat]


@pytest.mark.parametrize("place", ["beside the experiment file", "in the archive"])
def test_a_split_file_lies_beside_the_experiment_file_or_in_the_archive(
    project, place, tmp_path_factory, monkeypatch
):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    images = sorted((project.root / "images").glob("*/*.png"))
    rows = [f"{p.parent.name},{p.name},{'test' if '0' in p.stem[-1] else 'train'}" for p in images]
    folder = project.root if place.startswith("beside") else project.root / "images"
    (folder / "mine.csv").write_text("\n".join(["class,file,split", *rows]) + "\n")
    shutil.make_archive(str(project.root / "packed"), "zip", project.root / "images")
    whole = project.file.read_text().replace('"images"', '"packed.zip"\nsplit = "mine.csv"')
    project.file.write_text(whole)
    experiment = read_experiment(project.file, [])
    found = open_dataset(experiment, Store(project.store), jobs=1, progress=lambda *_: None)
    tested = [row for row in rows if row.endswith("test")]
    assert len(found.folds[-1].test) == len(tested)
    project.file.write_text(whole.replace("mine.csv", "other.csv"))
    experiment = read_experiment(project.file, [])
    with pytest.raises(InputError, match=f"There is no {project.root}/other.csv"):
        open_dataset(experiment, Store(project.store), jobs=1, progress=lambda *_: None)
