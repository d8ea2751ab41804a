"""Stratified, grouped, seeded test splits and cross-validation folds.

Duplicates of one picture form a group, and a group goes to one side of a split as a whole, so that
no test image is a copy of a training image. Groups whose images have different labels are possible
and count for each of their classes.
"""

import heapq
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from strata.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Groups(NamedTuple):
    """Class counts of groups of images; groups are numbered by first appearance.

    Attributes:
        of: int (n,), group of each image.
        classes: class names, sorted.
        counts: int (groups, classes), number of images of each class in a group.
        pure: for each class, the groups with images of this class only.
        mixed: groups with images of several classes.
    """

    of: np.ndarray
    classes: list[str]
    counts: np.ndarray
    pure: list[np.ndarray]
    mixed: np.ndarray


def grouped(labels: "ArrayLike", groups: "ArrayLike") -> Groups:
    """Count the images of each class in each group, from the labels (n,) and groups (n,)."""
    classes, label_of = np.unique(np.asarray(labels), return_inverse=True)
    _, first, inverse = np.unique(np.asarray(groups), return_index=True, return_inverse=True)
    rank = np.empty(len(first), int)
    rank[np.argsort(first)] = np.arange(len(first))
    of = rank[inverse]
    counts = np.zeros((len(first), len(classes)), int)
    np.add.at(counts, (of, label_of), 1)
    held = (counts > 0).sum(1)
    pure = [np.flatnonzero((held == 1) & (counts[:, c] > 0)) for c in range(len(classes))]
    return Groups(of, [str(c) for c in classes], counts, pure, np.flatnonzero(held > 1))


def test_split(
    labels: Sequence[str],
    groups: Sequence[int],
    contents: Sequence[str],
    *,
    fraction: float = 0.3,  # noqa: PT028 (not a test)
    folds: int = 1,  # noqa: PT028
    seed: int,
) -> np.ndarray:
    """Draw test images: the given fraction of each class, or as near as the groups allow.

    Groups are ranked by a seeded hash of their content, and the first of each class are taken. So
    the test set hardly changes when images are added or removed: about as many images change
    sides as were added.

    Args:
        labels: the class of each image.
        groups: images with the same number are copies of each other. Only which images share
            a number matters, not the numbers.
        contents: digest of the content of each image.
        fraction: fraction of test images, in (0, 1).
        folds: number of groups of each class that are left for training, at least.
        seed: random seed of the draw.

    Returns:
        bool (n,), true for test images. Each class has a group on the test side and `folds` on the
        other. Its number of test images is off by at most half its largest group, plus half an
        image from rounding, unless too few groups were left or groups hold several classes.

    Raises:
        InputError: the fraction is not between 0 and 1, or a class has `folds` groups or fewer.
    """

    if not 0 < fraction < 1:
        raise InputError(f"The fraction of test images is {fraction}, not between 0 and 1.")
    made = grouped(labels, groups)
    _check_count(made, folds + 1, "so no test images can be split off")
    ranks = _hash_ranks(made.of, contents, seed)
    totals = made.counts.sum(0)
    targets = np.clip(np.rint(totals * fraction), 1, totals - 1)
    chosen = np.zeros(len(made.counts), bool)
    taken = np.zeros_like(totals)
    spare = (made.counts > 0).sum(0) - folds  # groups of each class that may go
    for group in made.mixed[np.argsort(ranks[made.mixed])]:
        held = made.counts[group]
        fits = (taken + held <= targets).all() and (spare[held > 0] > 0).all()
        if ranks[group] < fraction and fits:
            chosen[group] = True
            taken += held
            spare -= held > 0
    for number, pure in enumerate(made.pure):
        pure = pure[np.argsort(ranks[pure])]
        picked = _subset(
            made.counts[pure, number],
            int(targets[number] - taken[number]),
            least=0 if taken[number] else 1,
            most=spare[number],
        )
        chosen[pure[picked]] = True
    return chosen[made.of]


def _hash_ranks(of: np.ndarray, contents: Sequence[str], seed: int) -> np.ndarray:
    """Pseudo-random ranks of groups, float in [0, 1): a seeded hash of one of their contents."""
    from strata.seeds import derive

    first: dict[int, str] = {}  # the least content: independent of the seed, so it seldom changes
    for group, content in zip(of.tolist(), contents, strict=True):
        first[group] = min(content, first.get(group, content))
    hashes = [derive(seed, "test split", first[group]) for group in range(len(first))]
    return np.array(hashes) / 2.0**63


def _subset(sizes: np.ndarray, wanted: int, *, least: int, most: int) -> list[int]:
    """Choose the first groups whose sizes sum to `wanted`, or as near as possible; greedy.

    Args:
        sizes: sizes of the groups, int (k,).
        wanted: target sum.
        least: choose at least so many groups, 0 or 1.
        most: choose at most so many groups.

    Returns:
        Indices of the chosen groups.
    """
    total = 0
    picked: list[int] = []
    left: list[int] = []
    for group, size in enumerate(sizes.tolist()):
        fits = total + size <= wanted and len(picked) < most
        (picked if fits else left).append(group)
        total += size * fits
    if left and len(picked) < most:
        smallest = min(left, key=sizes.__getitem__)  # larger than the remaining sum
        overshoot = total + sizes[smallest] - wanted
        if overshoot < wanted - total or len(picked) < least:
            picked.append(smallest)
    return picked


def stratified_group_folds(
    labels: Sequence[str], groups: Sequence[int], *, folds: int, seed: int
) -> np.ndarray:
    """Assign each image the number of the fold that it is tested in.

    Greedy: for each class, the largest groups come first and each goes to the fold with the fewest
    images of that class, then with the fewest images.

    Args:
        labels: the class of each image.
        groups: images with the same number are copies of each other. Only which images share
            a number matters, not the numbers.
        folds: number of folds, at least 2.
        seed: random seed; breaks ties among groups of one size and among equal folds.

    Returns:
        int (n,), 0 to folds - 1. No fold is empty; the numbers of images of a class in two folds
        differ by at most the size of its largest group (by at most one image where no image has
        a copy), unless groups hold several classes.

    Raises:
        InputError: fewer than 2 folds, or a class has fewer groups than folds.
    """

    from strata.seeds import generator

    if folds < 2:
        raise InputError(f"{folds} folds are too few: cross-validation needs at least 2.")
    made = grouped(labels, groups)
    _check_count(made, folds, f"fewer than the {folds} folds")
    rng = generator(seed, "folds")
    fold_of = np.empty(len(made.counts), int)
    held = np.zeros((folds, len(made.classes)), int)
    sizes = made.counts.sum(1)
    # groups of several classes, and all that are as large; smaller ones even out what these leave
    large = np.flatnonzero(sizes >= sizes[made.mixed].min()) if len(made.mixed) else made.mixed
    for group in _large_first(large, sizes, rng):
        # how much more uneven the classes get: the increase of the sum over classes and folds
        # of squared shares
        shares = made.counts[group] / made.counts.sum(0)
        uneven = (2 * held / made.counts.sum(0) + shares) @ shares
        ranked = np.lexsort((rng.permutation(folds), held.sum(1), np.round(uneven, 12)))
        fold_of[group] = ranked[0]
        held[ranked[0]] += made.counts[group]
    for number, pure in enumerate(made.pure):
        totals, ties = held.sum(1), rng.permutation(folds)
        heap = [(held[f, number], totals[f], ties[f], f) for f in range(folds)]
        heapq.heapify(heap)
        for group in _large_first(np.setdiff1d(pure, large), sizes, rng):
            count, total, tie, fold = heap[0]
            heapq.heapreplace(heap, (count + sizes[group], total, tie, fold))
            fold_of[group] = fold
        for count, _, _, fold in heap:
            held[fold, number] = count
    return fold_of[made.of]


def _large_first(groups: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sort groups by decreasing size, in random order among those of equal size."""
    shuffled = rng.permutation(groups)
    return shuffled[np.argsort(-sizes[shuffled], kind="stable")]


def _check_count(made: Groups, least: int, trouble: str) -> None:
    """Check that each class has at least `least` groups.

    Raises:
        InputError: some classes have fewer; all are named.
    """
    found = (made.counts > 0).sum(0)
    few = [(name, int(n)) for name, n in zip(made.classes, found, strict=True) if n < least]
    if few:
        told = ", ".join(f"'{name}' ({count})" for name, count in few)
        raise InputError(
            f"Classes with too few different images, {trouble}: {told}.",
            f"Each class needs at least {least} images that are not copies of each other: add "
            "images, ask for fewer folds, or leave the class out.",
        )
