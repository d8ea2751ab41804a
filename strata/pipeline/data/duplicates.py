"""Groups of duplicate images: the same bytes, the same pixels, or near-duplicates."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from strata.pipeline.data.manifest import ImageRecord


class DuplicateGroups(NamedTuple):
    """Groups of images, numbered from 0 in the order of the images.

    Attributes:
        copies: group number of each image; images of one group are copies of one picture.
        alike: the same, with images that agree as copies do where different images of their
            classes agree nearly as well (see `difference_limits`): they may be copies or not.
    """

    copies: list[int]
    alike: list[int]


def duplicate_groups(records: Sequence[ImageRecord], *, near: bool = True) -> list[int]:
    """Number the groups of copies of one picture; see `find_duplicates`."""
    return find_duplicates(records, near=near).copies


def find_duplicates(records: Sequence[ImageRecord], *, near: bool = True) -> DuplicateGroups:
    """Group duplicate images.

    Args:
        records: the images.
        near: include re-encoded, resized, slightly cropped and mirrored copies, not only files
            with the same bytes or the same pixels.

    Returns:
        The groups; the grouping itself does not depend on the order of the records.
    """
    content = _same_content(records)
    if not near:
        return DuplicateGroups(content, content)
    firsts: dict[int, int] = {}  # index of one representative per group of exact duplicates
    for index, record in enumerate(records):
        if record.thumbnail:
            firsts.setdefault(content[index], index)
    found = _near([records[index] for index in firsts.values()])
    joined = (dict(zip(firsts, numbers, strict=True)) for numbers in found)
    return DuplicateGroups(
        *(_renumbered([near_to.get(c, ("exact", c)) for c in content]) for near_to in joined)
    )


def _same_content(records: Sequence[ImageRecord]) -> list[int]:
    """Number the groups of images with the same bytes or the same pixels."""
    by_pixels: dict[str, str] = {}
    keys = []
    for record in records:
        # the first digest with these pixels represents all of them
        keys.append(by_pixels.setdefault(record.pixels or record.digest, record.digest))
    return _renumbered(keys)


def _near(records: list[ImageRecord]) -> tuple[list[int], list[int]]:
    """Number the groups of near-duplicates and of images alike; no two have the same content."""

    from strata.pipeline.data.fingerprint import thumbnails
    from strata.pipeline.data.near_duplicates import near_duplicate_groups

    # sorted by content, so that the grouping does not depend on the order of the records
    order = sorted(range(len(records)), key=lambda index: records[index].pixels)
    found = near_duplicate_groups(
        np.array([records[index].phash for index in order], np.uint64),
        thumbnails([records[index].thumbnail for index in order]),
        np.array(_renumbered([records[index].label for index in order]), int),
    )
    place = np.argsort(order)
    return found.copies[place].tolist(), found.alike[place].tolist()


def _renumbered(keys: Sequence[object]) -> list[int]:
    numbers: dict[object, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]
