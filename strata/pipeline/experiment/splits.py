"""Test split and cross-validation folds of an experiment, drawn once and kept in the store."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from strata.errors import InputError
from strata.pipeline.graph.derived import Derived
from strata.pipeline.store.store import Store
from strata.seeds import derive

if TYPE_CHECKING:
    from strata.pipeline.data.manifest import ImageRecord, Manifest


@dataclass(frozen=True)
class SplitAssignment:
    """Split, folds and duplicate group of each image, in the manifest's order.

    Attributes:
        key: key of the artifact in the store.
        test: whether each image is a test image.
        folds: for each repeat, the fold that each image is tested in; -1 for test images.
        groups: number of each image's group; images of one group are copies of one picture.
    """

    key: str
    test: list[bool]
    folds: list[list[int]]
    groups: list[int]


def assign_splits(
    manifest: "Manifest", protocol: dict[str, Any], near_duplicates: bool, store: Store
) -> SplitAssignment:
    """Assign the images to test split and folds: read from the store, or drawn and kept there.

    Args:
        manifest: the images.
        protocol: the checked [protocol] table.
        near_duplicates: see `draw_splits`.
        store: the store.

    Raises:
        InputError: a class has too few images for the folds.
    """
    settings = {name: protocol[name] for name in ("folds", "repeats", "new_folds", "seed", "test")}
    derived = Derived(
        "split", (manifest.digest, settings, near_duplicates), (__name__, draw_splits.__name__)
    )
    kept = derived.read(
        store, lambda: draw_splits(manifest.records, near_duplicates=near_duplicates, **settings)
    )
    return SplitAssignment(derived.key, kept["test"], kept["folds"], kept["groups"])


def draw_splits(
    records: "tuple[ImageRecord, ...]",
    *,
    near_duplicates: bool,
    folds: int,
    repeats: int,
    new_folds: bool,
    seed: int,
    test: float,
) -> dict[str, Any]:
    """Split off test images and divide the rest into stratified folds, keeping copies together.

    Args:
        records: the images; a split that comes with the data is kept.
        near_duplicates: count re-encoded, resized, slightly cropped and mirrored copies as copies
            too.
        folds: number of folds, at least 2.
        repeats: number of repeats of the cross-validation.
        new_folds: draw new folds for each repeat; else repeats differ in their seeds only.
        seed: seed of the split and the folds.
        test: share of test images in [0, 1), if the data come without a split.

    Returns:
        `test`, `folds` and `groups`, see `SplitAssignment`.
    """
    from strata.pipeline.data.duplicates import duplicate_groups
    from strata.splits import stratified_group_folds, test_split

    groups = duplicate_groups(records, near=near_duplicates)
    labels = [record.label for record in records]
    is_test = [record.split == "test" for record in records]
    _check_limits(records, groups, folds, test, near_duplicates=near_duplicates)
    if test and not any(record.split for record in records):
        contents = [record.digest for record in records]
        is_test = test_split(
            labels, groups, contents, fraction=test, folds=folds, seed=derive(seed, "test")
        ).tolist()
    train = [number for number, t in enumerate(is_test) if not t]
    rows = []
    for repeat in range(repeats):
        assigned = stratified_group_folds(
            [labels[i] for i in train],
            [groups[i] for i in train],
            folds=folds,
            seed=derive(seed, "folds", repeat if new_folds else 0),
        )
        row = [-1] * len(records)
        for number, fold in zip(train, assigned, strict=True):
            row[number] = int(fold)
        rows.append(row)
    return {"test": is_test, "folds": rows, "groups": groups}


def _check_limits(
    records: "tuple[ImageRecord, ...]",
    groups: list[int],
    folds: int,
    test: float,
    *,
    near_duplicates: bool,
) -> None:
    """Refuse more folds than a class has training images that are not copies of each other.

    Raises:
        InputError: naming the classes, and the settings that help.
    """
    from strata.pipeline.data.duplicates import duplicate_groups
    from strata.pipeline.data.fold_limits import fold_limits

    limits = fold_limits(records, groups, test=test)
    if not limits.too_few(folds):
        return
    hint = limits.remedy(folds)
    exact = duplicate_groups(records, near=False)
    if near_duplicates and limits.most < fold_limits(records, exact, test=test).most:
        hint += (
            " If near-duplicates here are different pictures that look alike, set "
            "near_duplicates = false under [data]: only exact copies then count as copies."
        )
    raise InputError(f"{limits.problem(folds)}.", hint)
