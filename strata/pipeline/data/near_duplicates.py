"""Near-duplicates: pictures equal up to re-encoding, size, brightness, a slight crop, mirroring.

`candidate_pairs` proposes, `registration` measures, `difference_limits` decides how much better
than different images of the data set copies have to agree. Close links chain, as the frames of a
panning video do; others join two groups only where these agree as a whole.
"""

from collections import Counter
from typing import NamedTuple

import numpy as np

from strata.pipeline.data import registration
from strata.pipeline.data.candidate_pairs import Pairs, candidate_pairs
from strata.pipeline.data.difference_limits import DifferenceLimits

#: Fraction of the limit up to which one link joins the groups of two images.
STRONG = 0.5
#: Fraction of the pairs across two groups that must be links to join them, where none is strong.
LINKED = 0.5

#: Pairs registered together, chosen for the CPU caches.
_TOGETHER = 256

Array = np.ndarray


class NearDuplicates(NamedTuple):
    """Groups of images.

    Attributes:
        copies: int (n,), equal for images taken for copies of one picture.
        alike: int (n,), equal for images that would be copies if different images of their
            classes were not so alike; each group of copies lies in one of these.
    """

    copies: Array
    alike: Array


def near_duplicate_groups(phashes: Array, thumbnails: Array, labels: Array) -> NearDuplicates:
    """Group near-duplicates.

    Args:
        phashes: perceptual hashes, uint64 (n,).
        thumbnails: uint8 (n, THUMBNAIL, THUMBNAIL), in an order that is random with respect to the
            content.
        labels: int (n,), the class of each image.
    """
    limits = DifferenceLimits(thumbnails, labels)
    copies = np.arange(len(phashes))
    blocks, ratios = [], []
    for pairs in candidate_pairs(phashes, thumbnails):
        for start in range(0, len(pairs.first), _TOGETHER):
            some = pairs.where(slice(start, start + _TOGETHER))
            # groups may have been joined since
            some = some.where(copies[some.first] != copies[some.second])
            some, ratio = _matches(some, thumbnails, limits)
            strong = ratio <= STRONG
            _join(copies, some.where(strong))
            blocks.append(some.where(~strong))
            ratios.append(ratio[~strong])
    if not blocks:
        return NearDuplicates(copies, copies.copy())
    others = Pairs(*map(np.concatenate, zip(*blocks, strict=True)))
    _join_alike_groups(copies, others, np.concatenate(ratios))
    alike = copies.copy()
    _join(alike, others)
    return NearDuplicates(copies, alike)


def _matches(pairs: Pairs, thumbnails: Array, limits: DifferenceLimits) -> tuple[Pairs, Array]:
    """Return the pairs with a difference of at most 1, and its ratio to the limit of the pair."""
    first, second = thumbnails[pairs.first], thumbnails[pairs.second]
    second[pairs.mirrored] = second[pairs.mirrored, :, ::-1]
    difference = registration.differences(first, second)
    near = difference <= 1
    pairs, difference = pairs.where(near), difference[near]
    limit = np.minimum(limits.of(pairs.first), limits.of(pairs.second))
    undecided = difference > STRONG * limit
    difference[undecided] = registration.differences(
        first[near][undecided], second[near][undecided], STRONG * limit[undecided]
    )
    return pairs, difference / limit


def _join(group: Array, pairs: Pairs) -> None:
    """Join the groups of the images of each pair; the lower number wins."""
    for first, second in zip(pairs.first, pairs.second, strict=True):
        low, high = sorted((group[first], group[second]))
        if low != high:
            group[group == high] = low


def _join_alike_groups(group: Array, pairs: Pairs, ratio: Array) -> None:
    """Join groups where at least `LINKED` of the pairs across them are within the limit."""
    linked = np.flatnonzero(ratio <= 1)
    # an image and the mirror image of another may both match: one link
    _, once = np.unique(pairs.first[linked] * len(group) + pairs.second[linked], return_index=True)
    linked = linked[once]
    first, second = pairs.first[linked], pairs.second[linked]
    members = {int(g): np.flatnonzero(group == g) for g in np.unique(group[[first, second]])}
    links: dict[int, Counter[int]] = {g: Counter() for g in members}  # pairs between two groups
    for a, b in zip(group[first].tolist(), group[second].tolist(), strict=True):
        links[a][b] += 1
        links[b][a] += 1
    for number in np.argsort(ratio[linked], kind="stable"):
        low, high = sorted((int(group[first[number]]), int(group[second[number]])))
        needed = LINKED * len(members[low]) * len(members[high])
        if low == high or links[low][high] < needed:
            continue
        group[members[high]] = low
        members[low] = np.concatenate([members[low], members.pop(high)])
        for other, count in links.pop(high).items():
            if other != high:
                del links[other][high]
            if other not in (low, high):
                links[low][other] += count
                links[other][low] += count
