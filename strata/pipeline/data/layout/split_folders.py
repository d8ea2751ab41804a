"""Layouts with a split: train/, val/ and test/ above the class folders, or inside of them."""

from collections import defaultdict
from dataclasses import dataclass, field

from strata.pipeline.data.layout.names import Kind, SplitName, is_filler, split_name
from strata.pipeline.data.layout.tree import Tree


@dataclass
class SplitFolder:
    """Folder of one part of a split.

    Attributes:
        path: relative to the root, "train" or "seg_train/seg_train".
        name: kind of split, and the rest of the name.
        direct: number of images directly in it.
        classes: number of images in each of its folders.
    """

    path: str
    name: SplitName
    direct: int = 0
    classes: dict[str, int] = field(default_factory=dict)

    @property
    def nested(self) -> int:
        """Number of images in its folders."""
        return sum(self.classes.values())


@dataclass(frozen=True)
class Place:
    """Class and split of an image by the folders above it; `folder` is the class folder's path."""

    folder: str
    label: str
    kind: Kind | None


class FolderLayout:
    """Reading of the folders above the images.

    Attributes:
        split: folders of the split above the class folders; empty if class folders are on top.
        unlabeled: folders of the split with images in no class folder.
        inner: True if each class folder holds folders of the split: cat/train, cat/test.
    """

    def __init__(self, tree: Tree) -> None:
        folders = _split_folders(tree)
        train = {name for f in folders if f.name.kind == "train" for name in f.classes}
        self.unlabeled = [f for f in folders if not _has_labels(f, train)]
        self.split = [f for f in folders if f not in self.unlabeled]
        self.inner = not folders and _splits_inside(tree)
        self._by_path = {f.path: f for f in self.split}

    @property
    def kinds(self) -> set[Kind]:
        """Parts of the split that have labels."""
        if self.inner:
            return {"train", "test"}
        return {folder.name.kind for folder in self.split}

    def place(self, relative: str) -> Place | None:
        """Class and split of an image; None if it lies outside of the class folders."""
        parts = relative.split("/")
        if not self.split:
            if len(parts) < 2:
                return None
            name = split_name(parts[1]) if self.inner else None
            return Place(parts[0], parts[0], name.kind if name else None)
        for depth in (1, 2):
            found = self._by_path.get("/".join(parts[:depth]))
            if found and len(parts) >= depth + 2:
                return Place("/".join(parts[: depth + 1]), parts[depth], found.name.kind)
        return None

    def is_class_folder(self, folder: str) -> bool:
        """Test whether a folder is where a class folder belongs, with images or without."""
        above, _, _ = folder.rpartition("/")
        return above in self._by_path if self.split else not above


def _has_labels(folder: SplitFolder, train: set[str]) -> bool:
    """Test whether a part's folders are classes: training classes, or not a mere "images"."""
    names = set(folder.classes)
    return bool(names & train) or (bool(names) and not all(is_filler(name) for name in names))


def _split_folders(tree: Tree) -> list[SplitFolder]:
    """Find the folders of one split on top; [] if there are none, or those of several splits.

    A class may be called "train": it then has no class folders, or other classes beside it and no
    other part of the split.
    """
    tops = {image.split("/")[0] for image in tree.images if "/" in image}
    groups: dict[tuple[str, ...], list[SplitFolder]] = defaultdict(list)
    for top in sorted(tops):
        name = split_name(top)
        if name:
            groups[name.stem].append(_split_folder(top, name, tree))
    found = [group for group in groups.values() if _is_split(group, len(tops))]
    return found[0] if len(found) == 1 else []


def _is_split(group: list[SplitFolder], tops: int) -> bool:
    train = [folder for folder in group if folder.name.kind == "train"]
    others = [folder for folder in group if folder.name.kind != "train"]
    shared = {c for f in train for c in f.classes} & {c for f in others for c in f.classes}
    nested = sum(f.nested for f in train) > sum(f.direct for f in train)
    return (nested and bool(others or tops == len(train))) or bool(shared)


def _split_folder(top: str, name: SplitName, tree: Tree) -> SplitFolder:
    """Count the images of a part by class; descend into seg_train/seg_train."""
    path = top
    while True:
        folder = SplitFolder(path, name)
        for image in tree.images:
            if image.startswith(path + "/"):
                inside, _, rest = image[len(path) + 1 :].partition("/")
                if rest:
                    folder.classes[inside] = folder.classes.get(inside, 0) + 1
                else:
                    folder.direct += 1
        only = next(iter(folder.classes), "")
        if path != top or folder.direct or len(folder.classes) != 1 or split_name(only) != name:
            return folder
        path = f"{top}/{only}"


def _splits_inside(tree: Tree) -> bool:
    """Test for class folders that each hold folders of the split, and no other images."""
    kinds = defaultdict(set)
    for image in tree.images:
        parts = image.split("/")
        name = split_name(parts[1]) if len(parts) > 2 else None
        if name is None or name.stem:
            return False
        kinds[parts[0]].add(name.kind)
    return len(kinds) > 1 and all({"train", "test"} <= found for found in kinds.values())
