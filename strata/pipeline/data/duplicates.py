"""Groups of images that are copies of each other: the same bytes, the same pixels, or nearly so."""

from collections.abc import Sequence

from strata.pipeline.data.manifest import ImageRecord

#: The most bits of the perceptual hash in which near-duplicates may differ. Unrelated pictures
#: come this near too; `near_duplicates` looks at them more closely.
MAX_DISTANCE = 20


def duplicate_groups(
    records: Sequence[ImageRecord], *, near: bool = True, max_distance: int = MAX_DISTANCE
) -> list[int]:
    """Number the groups of copies.

    Args:
        records: the images.
        near: count re-encoded, resized and slightly cropped copies too, not only files with the
            same bytes or the same pixels.
        max_distance: the most bits of 64 in which the perceptual hashes of near copies may differ.

    Returns:
        For each image the number of its group, counted from 0 in the order of the records. Who is
        a copy of whom does not depend on that order.
    """
    group = _same_content(records)
    if not near:
        return group
    firsts: dict[int, int] = {}  # of the images with one content, one is enough
    for index, record in enumerate(records):
        if record.thumbnail:
            firsts.setdefault(group[index], index)
    joined = _near([records[index] for index in firsts.values()], max_distance)
    merged = dict(zip(firsts, joined, strict=True))
    return _renumbered([merged.get(content, content) for content in group])


def _same_content(records: Sequence[ImageRecord]) -> list[int]:
    """Groups of images with the same bytes or the same pixels."""
    by_pixels: dict[str, str] = {}
    keys = []
    for record in records:
        # the first digest with these pixels stands for all of them
        keys.append(by_pixels.setdefault(record.pixels or record.digest, record.digest))
    return _renumbered(keys)


def _near(records: list[ImageRecord], max_distance: int) -> list[tuple[str, int]]:
    """A name for the group of each of these images; no two of them have the same content."""
    import numpy as np

    from strata.pipeline.data.fingerprint import thumbnails
    from strata.pipeline.data.near_duplicates import near_duplicate_groups

    # in the order of their contents, so that the order of the records does not matter
    order = sorted(range(len(records)), key=lambda index: records[index].pixels)
    phashes = np.array([records[index].phash for index in order], np.uint64)
    small = thumbnails([records[index].thumbnail for index in order])
    found = near_duplicate_groups(phashes, small, max_distance)
    names = dict(zip(order, found.tolist(), strict=True))
    return [("near", names[index]) for index in range(len(records))]


def _renumbered(keys: Sequence[object]) -> list[int]:
    numbers: dict[object, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]
