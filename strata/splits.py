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
    *,
    fraction: float = 0.3,  # noqa: PT028 (not a test)
    seed: int,
) -> np.ndarray:
    """Draw test images: the given fraction of each class, or as near as the groups allow.

    Args:
        labels: the class of each image.
        groups: images with the same number are copies of each other. Only which images share
            a number matters, not the numbers.
        fraction: fraction of test images, in (0, 1).
        seed: random seed of the draw.

    Returns:
        bool (n,), true for test images. Each class has images on both sides. Its number of test
        images is off by at most half its largest group, plus half an image from rounding, unless
        that would leave one side empty or groups hold several classes.

    Raises:
        InputError: the fraction is not between 0 and 1, or all images of a class are copies of
            one picture.
    """

    from strata.seeds import generator

    if not 0 < fraction < 1:
        raise InputError(f"The fraction of test images is {fraction}, not between 0 and 1.")
    made = grouped(labels, groups)
    _check_count(made, 2, "so they cannot be split into training and test images")
    rng = generator(seed, "test split")
    totals = made.counts.sum(0)
    targets = np.clip(np.rint(totals * fraction), 1, totals - 1)
    chosen = np.zeros(len(made.counts), bool)
    taken = np.zeros_like(totals)
    for group in rng.permutation(made.mixed):
        if rng.random() < fraction and (taken + made.counts[group] <= targets).all():
            chosen[group] = True
            taken += made.counts[group]
    for number, pure in enumerate(made.pure):
        sizes = made.counts[pure, number]
        wanted = int(targets[number] - taken[number])
        elsewhere = made.counts[made.mixed, number] > 0
        sides = chosen[made.mixed[elsewhere]]
        picked = _subset(sizes, wanted, rng, some=not sides.any(), not_all=bool(sides.all()))
        chosen[pure[picked]] = True
    return chosen[made.of]


def _subset(
    sizes: np.ndarray, wanted: int, rng: np.random.Generator, *, some: bool, not_all: bool
) -> np.ndarray:
    """Choose random groups whose sizes sum to `wanted`, or as near as possible; greedy.

    Args:
        sizes: sizes of the groups, int (k,).
        wanted: target sum.
        rng: random generator.
        some: choose at least one group.
        not_all: leave at least one group, if there are two.

    Returns:
        Indices of the chosen groups.
    """
    order = rng.permutation(len(sizes))
    total = 0
    picked: list[int] = []
    left: list[int] = []
    for group in order:
        fits = total + sizes[group] <= wanted
        (picked if fits else left).append(group)
        total += sizes[group] * fits
    if left and (len(left) > 1 or not not_all):
        smallest = min(left, key=sizes.__getitem__)  # larger than the remaining sum
        overshoot = total + sizes[smallest] - wanted
        if overshoot < wanted - total or (some and not picked):
            picked.append(smallest)
    elif not left and not_all and len(picked) > 1:
        picked.remove(min(picked, key=sizes.__getitem__))
    return np.array(picked, int)


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
    for group in _large_first(made.mixed, made.counts.sum(1), rng):
        # how much more uneven the classes get: the increase of the sum over classes and folds
        # of squared shares
        shares = made.counts[group] / made.counts.sum(0)
        uneven = (2 * held / made.counts.sum(0) + shares) @ shares
        ranked = np.lexsort((rng.permutation(folds), held.sum(1), np.round(uneven, 12)))
        fold_of[group] = ranked[0]
        held[ranked[0]] += made.counts[group]
    for number, pure in enumerate(made.pure):
        sizes = made.counts[:, number]
        totals, ties = held.sum(1), rng.permutation(folds)
        heap = [(held[f, number], totals[f], ties[f], f) for f in range(folds)]
        heapq.heapify(heap)
        for group in _large_first(pure, sizes, rng):
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
