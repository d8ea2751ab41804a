"""Parts of subsets and shards that are made of image records."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from strata.pipeline.graph.inputs import ImageShard, cut_into_shards

if TYPE_CHECKING:
    from strata.pipeline.data.manifest import ImageRecord


def shards_of(records: "Sequence[ImageRecord]") -> list[ImageShard]:
    """Shards of some images, with the ranges of their values."""
    ranges = {r.digest: r.value_range for r in records if r.value_range}
    return cut_into_shards({r.digest: r.path for r in records}, ranges=ranges)


def renumbered(groups: list[int]) -> tuple[int, ...] | None:
    """Groups numbered by first appearance, None if all differ.

    So the numbers, and keys made of them, do not depend on images outside of the subset.
    """
    numbers: dict[int, int] = {}
    found = tuple(numbers.setdefault(group, len(numbers)) for group in groups)
    return found if len(numbers) < len(found) else None
