"""Changes of the images since an earlier run, from a snapshot of the manifest."""

from collections.abc import Iterator

from strata.pipeline.data.manifest import Manifest

#: Image ids named in one sentence; the rest are counted.
_MAX_NAMED = 5


def snapshot_of(manifest: Manifest) -> dict[str, list[str]]:
    """Digest, label and split ("" where there is none) of each image, by image id."""
    return {r.id: [r.digest, r.label, r.split or ""] for r in manifest.records}


def image_changes(manifest: Manifest, old: dict[str, list[str]]) -> Iterator[str]:
    """Compare a manifest with the snapshot of an earlier run; one sentence per kind of change.

    Images may have been added, removed, changed in content, relabeled or moved to another split.

    Args:
        manifest: the images now.
        old: what `snapshot_of` returned then.
    """
    new = snapshot_of(manifest)
    yield from _sentence("added", sorted(new.keys() - old.keys()))
    yield from _sentence("removed", sorted(old.keys() - new.keys()))
    both = sorted(new.keys() & old.keys())
    yield from _sentence("changed", [i for i in both if old[i][0] != new[i][0]])
    yield from _sentence("given another label", [i for i in both if old[i][1] != new[i][1]])
    yield from _sentence("moved to another split", [i for i in both if old[i][2] != new[i][2]])


def _sentence(change: str, ids: list[str]) -> Iterator[str]:
    if len(ids) == 1:
        yield f"The image {ids[0]} was {change}."
    elif ids:
        more = f" and {len(ids) - _MAX_NAMED} more" if len(ids) > _MAX_NAMED else ""
        yield f"{len(ids)} images were {change}: {', '.join(ids[:_MAX_NAMED])}{more}."
