"""Changes of the images since an earlier run, from a snapshot of the manifest."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from strata.pipeline.data.manifest import Manifest

#: Image ids named in one sentence; the rest are counted.
_MAX_NAMED = 5

#: Digest, label and split ("" where there is none) of each image, by image id.
Snapshot = dict[str, list[str]]


def snapshot_of(manifest: Manifest) -> Snapshot:
    """Return the snapshot of a manifest's images."""
    return {r.id: [r.digest, r.label, r.split or ""] for r in manifest.records}


def image_changes(manifest: Manifest, old: Snapshot) -> Iterator[str]:
    """Compare a manifest with the snapshot of an earlier run; one sentence per kind of change.

    Images may have been added, removed, moved, changed in content, relabeled or moved to another
    split. An image at a new place is an earlier one if it has its content. A class whose images all
    have one new label is renamed.

    Args:
        manifest: the images now.
        old: what `snapshot_of` returned then.
    """
    new = snapshot_of(manifest)
    pairs = {name: name for name in old.keys() & new.keys()} | _moved(old, new)
    renamed = _renamed_classes(old, new, pairs)
    for label, (now, count) in sorted(renamed.items()):
        images = "1 image" if count == 1 else f"{count} images"
        yield f"The class {label} was renamed to {now} ({images})."
    yield from _sentence("added", sorted(new.keys() - set(pairs.values())))
    yield from _sentence("removed", sorted(old.keys() - pairs.keys()))
    rest = {a: b for a, b in sorted(pairs.items()) if old[a][1] not in renamed}
    yield from _sentence("moved", [f"{a} (now {b})" for a, b in rest.items() if a != b])
    changed = [b for a, b in sorted(pairs.items()) if old[a][0] != new[b][0]]
    yield from _sentence("changed", changed)
    relabeled = [b for a, b in rest.items() if old[a][1] != new[b][1]]
    yield from _sentence("given another label", relabeled)
    resplit = [b for a, b in sorted(pairs.items()) if old[a][2] != new[b][2]]
    yield from _sentence("moved to another split", resplit)


def _moved(old: Snapshot, new: Snapshot) -> dict[str, str]:
    """Pairs of ids that are gone and ids that came, of one content each, in sorted order."""
    gone = defaultdict(list)
    for name in sorted(old.keys() - new.keys(), reverse=True):
        gone[old[name][0]].append(name)
    came = sorted(new.keys() - old.keys())
    return {gone[new[name][0]].pop(): name for name in came if gone[new[name][0]]}


def _renamed_classes(
    old: Snapshot, new: Snapshot, pairs: dict[str, str]
) -> dict[str, tuple[str, int]]:
    """New name of each class of which no image has the old name any more, and how many have it.

    All of its images that are still there must have one label, which no image had before.
    """
    before, after = {row[1] for row in old.values()}, {row[1] for row in new.values()}
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for was, now in pairs.items():
        labels[old[was][1]][new[now][1]] += 1
    return {
        label: (next(iter(found)), found.total())
        for label, found in labels.items()
        if label not in after and len(found) == 1 and not found.keys() & before
    }


def _sentence(change: str, ids: list[str]) -> Iterator[str]:
    if len(ids) == 1:
        yield f"The image {ids[0]} was {change}."
    elif ids:
        more = f" and {len(ids) - _MAX_NAMED} more" if len(ids) > _MAX_NAMED else ""
        yield f"{len(ids)} images were {change}: {', '.join(ids[:_MAX_NAMED])}{more}."
