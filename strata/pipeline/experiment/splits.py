"""Who learns from what and is tested on what: the split and the folds, kept as an artifact."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from strata.pipeline.graph.code_digest import code_digests
from strata.pipeline.graph.provenance import versions
from strata.pipeline.store.hashing import content_key
from strata.pipeline.store.store import Store, storage_error
from strata.seeds import derive

if TYPE_CHECKING:
    from strata.pipeline.data.manifest import ImageRecord, Manifest


@dataclass(frozen=True)
class SplitAssignment:
    """Where each image of a manifest goes, in the manifest's order.

    Attributes:
        key: of the artifact that keeps it.
        test: whether it is a test image.
        folds: for each repeat, the fold that an image is tested in; -1 for test images.
        groups: images with the same number are copies of each other.
    """

    key: str
    test: list[bool]
    folds: list[list[int]]
    groups: list[int]


def assignment(
    manifest: "Manifest", protocol: dict[str, Any], near: bool, store: Store
) -> SplitAssignment:
    """The split and the folds of a protocol, made once and kept in the store.

    Raises:
        InputError: a class has too few images for the folds.
    """
    settings = {name: protocol[name] for name in ("folds", "repeats", "new_folds", "seed", "test")}
    code = code_digests(__name__, assign.__name__)
    key = content_key("split", manifest.digest, settings, near, code)
    if store.state(key) != "present":
        made = assign(manifest.records, near_duplicates=near, **settings)
        store.discard(key)
        try:
            store.write(key, made, {"stage": "split", "title": "split", "versions": versions()})
        except OSError as error:
            raise storage_error(error, store.root) from error
    kept = store.read(key)
    return SplitAssignment(key, kept["test"], kept["folds"], kept["groups"])


def assign(
    records: "tuple[ImageRecord, ...]",
    *,
    near_duplicates: bool,
    folds: int,
    repeats: int,
    new_folds: bool,
    seed: int,
    test: float,
) -> dict[str, Any]:
    """Split off test images and cut the rest into stratified folds, copies kept together.

    Args:
        records: the images; where the data brings a split, it stands.
        near_duplicates: count re-encoded, resized and slightly cropped copies as copies too.
        folds: number of folds, at least 2.
        repeats: how often everything is done.
        new_folds: draw the folds of each repeat anew; else repeats differ in seeds only.
        seed: of the split and the folds.
        test: share of test images where the data brings no split.
    """
    from strata.pipeline.data.duplicates import duplicate_groups
    from strata.splits import stratified_group_folds, test_split

    groups = duplicate_groups(records, near=near_duplicates)
    labels = [record.label for record in records]
    if any(record.split for record in records):
        is_test = [record.split == "test" for record in records]
    elif test:
        chosen = test_split(labels, groups, fraction=test, seed=derive(seed, "test"))
        is_test = [bool(t) for t in chosen]
    else:
        is_test = [False] * len(records)
    train = [number for number, t in enumerate(is_test) if not t]
    drawn = []
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
        drawn.append(row)
    return {"test": is_test, "folds": drawn, "groups": [int(g) for g in groups]}
