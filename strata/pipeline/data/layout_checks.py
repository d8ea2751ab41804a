"""Checks of the audit on how folders were read: remarks, and class folders that are none."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from strata.pipeline.data.audit_checks import AuditFinding
from strata.pipeline.data.fold_limits import Labeled
from strata.pipeline.data.layout.names import normalized_name, some, spelling, split_name


def layout_notes(notes: Sequence[str]) -> Iterator[AuditFinding]:
    """Pass on the notes of reading the folders, one finding each."""
    for note in notes:
        yield AuditFinding(
            "layout",
            "note",
            note[:1].upper() + note[1:],
            "The folders, or the split file, were read so.",
            "Check that this is meant.",
        )


def doubtful_classes(images: Sequence[Labeled]) -> Iterator[AuditFinding]:
    """Find class names that are alike or name splits, and class folders that hold the classes."""
    labels = sorted({image.label for image in images})
    yield from _similar_names(labels)
    yield from _names_of_splits(labels)
    yield from _folders_in_folders(images)


def _similar_names(labels: list[str]) -> Iterator[AuditFinding]:
    alike = defaultdict(list)
    for label in labels:
        alike[spelling(label)].append(label)
    found = [names for names in alike.values() if len(names) > 1]
    if found:
        told = "; ".join(" and ".join(f"'{name}'" for name in names) for names in found[:5])
        yield AuditFinding(
            "similar-names",
            "warning",
            f"Classes whose names differ only in case, spaces or Unicode form: {told}"
            + (f"; and {len(found) - 5} more" if len(found) > 5 else ""),
            "They count as different classes, and no method can tell one class from itself.",
            "Give the folders, or the rows of the split file, one spelling.",
        )


def _names_of_splits(labels: list[str]) -> Iterator[AuditFinding]:
    names = {label: split_name(label) for label in labels}
    found = [label for label, name in names.items() if name and not name.stem]
    if len({name.kind for label in found if (name := names[label])}) > 1:
        yield AuditFinding(
            "split-names",
            "warning",
            f"Classes named like the parts of a split: {some(found)}",
            "If they are training and test images, their classes are not known, and methods learn "
            "to tell training images from test images.",
            "Give a folder in which train/ and test/ hold one folder for each class.",
        )


def _folders_in_folders(images: Sequence[Labeled]) -> Iterator[AuditFinding]:
    """Find top folders that hold the same folders, and ones that hold nothing but folders."""
    inside: dict[str, Counter[str]] = defaultdict(Counter)
    for image in images:
        top, _, rest = image.id.partition("/")
        if image.split or normalized_name(top) != image.label:
            return  # a split file, or the folders of a split, name the classes
        inside[top][rest.partition("/")[0] if "/" in rest else ""] += 1
    holders = Counter(name for names in inside.values() for name in names if name)
    shared = [name for name, count in holders.items() if count > 1]
    if shared:
        count = sum(names[name] for names in inside.values() for name in shared)
        yield AuditFinding(
            "same-subfolders",
            "warning" if 2 * count >= len(images) else "note",
            f"Class folders that hold the same folders: {some(sorted(shared))}",
            f"The folders on top ({some(sorted(inside))}) count as the classes. If those are parts "
            "of a split, or several data sets, their classes are the folders inside.",
            "If so, name the parts train/ and test/, or give one data set only.",
        )
    elif inside and all("" not in names and len(names) > 1 for names in inside.values()):
        told = [f"{top} ({some(sorted(names), 3)})" for top, names in sorted(inside.items())]
        yield AuditFinding(
            "only-subfolders",
            "warning",
            f"Class folders that hold folders, but no images directly: {some(told)}",
            "The folders on top count as the classes. If those are several data sets, their "
            "classes are the folders inside.",
            "If so, give one data set only.",
        )
