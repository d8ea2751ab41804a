"""Groups of duplicate images: the same bytes, the same pixels, or near-duplicates."""

from collections.abc import Sequence

import numpy as np

from strata.pipeline.data.manifest import ImageRecord

#: Largest Hamming distance of the perceptual hashes of near-duplicates. Unrelated pictures come
#: this close too, so `near_duplicates` verifies each pair.
MAX_DISTANCE = 20


def duplicate_groups(
    records: Sequence[ImageRecord], *, near: bool = True, max_distance: int = MAX_DISTANCE
) -> list[int]:
    """Assign each image the number of its group of duplicates.

    Args:
        records: the images.
        near: include re-encoded, resized and slightly cropped copies, not only files with the
            same bytes or the same pixels.
        max_distance: largest Hamming distance of the 64-bit perceptual hashes of near-duplicates.

    Returns:
        Group number of each image, from 0 in the order of the records. The grouping itself does
        not depend on that order.
    """
    group = _same_content(records)
    if not near:
        return group
    firsts: dict[int, int] = {}  # index of one representative per group of exact duplicates
    for index, record in enumerate(records):
        if record.thumbnail:
            firsts.setdefault(group[index], index)
    joined = _near([records[index] for index in firsts.values()], max_distance)
    merged = dict(zip(firsts, joined, strict=True))
    return _renumbered([merged.get(content, content) for content in group])


def _same_content(records: Sequence[ImageRecord]) -> list[int]:
    """Number the groups of images with the same bytes or the same pixels."""
    by_pixels: dict[str, str] = {}
    keys = []
    for record in records:
        # the first digest with these pixels represents all of them
        keys.append(by_pixels.setdefault(record.pixels or record.digest, record.digest))
    return _renumbered(keys)


def _near(records: list[ImageRecord], max_distance: int) -> list[tuple[str, int]]:
    """Label the group of near-duplicates of each image; no two images have the same content."""

    from strata.pipeline.data.fingerprint import thumbnails
    from strata.pipeline.data.near_duplicates import near_duplicate_groups

    # sorted by content, so that the grouping does not depend on the order of the records
    order = sorted(range(len(records)), key=lambda index: records[index].pixels)
    phashes = np.array([records[index].phash for index in order], np.uint64)
    small = thumbnails([records[index].thumbnail for index in order])
    found = near_duplicate_groups(phashes, small, max_distance)
    names = dict(zip(order, found.tolist(), strict=True))
    return [("near", names[index]) for index in range(len(records))]


def _renumbered(keys: Sequence[object]) -> list[int]:
    numbers: dict[object, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]
