"""Training samples of local descriptors, drawn evenly over the images."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from strata.errors import InputError
from strata.features.descriptors.local_descriptors import (
    Described,
    LocalDescriptors,
    as_local,
    check_images_described,
)


def sample_local(
    images: Sequence[Described],
    n: int,
    rng: np.random.Generator,
    *,
    keep_zero: bool = False,
    unplaced: str = "",
) -> LocalDescriptors:
    """Draw up to `n` descriptors without replacement, the same number from each image.

    Images with fewer rows than their share leave the rest to the others. Images are accessed one
    at a time and only the drawn rows are kept, so images may be memory-mapped.

    Args:
        images: the local descriptors of each image, or plain (n, d) arrays; any dtype.
        n: number of rows to draw in all.
        rng: source of the draw.
        keep_zero: whether rows that are zero throughout (no contrast) may be drawn. They make up
            to half of a flat image, all at one point, and would take codewords for themselves.
        unplaced: see `as_local`.

    Returns:
        at most n rows, descriptors (m, d) float32, in image order; fewer than n where the images
        hold fewer, or where zero rows left too few.

    Raises:
        InputError: no row could be drawn, or the images are not those of `as_local`.
    """
    check_images_described(images)
    local = partial(as_local, unplaced=unplaced)
    counts = np.array([len(local(image).descriptors) for image in images], np.int64)
    drawn = []
    for quota, image in zip(even_quotas(counts, n, rng), map(local, images), strict=True):
        if quota:
            drawn.append(_copy_rows(image, _draw(image.descriptors, quota, rng, keep_zero)))
    if not sum(len(part.descriptors) for part in drawn):
        raise InputError(
            f"There is no descriptor to learn from in these {len(counts)} images.",
            "Flat images have none, nor those smaller than a descriptor; a denser grid, a smaller "
            "scale or a lower contrast threshold yields more.",
        )
    return LocalDescriptors(*map(np.concatenate, zip(*drawn, strict=True)))


def sample_descriptors(
    images: Sequence[Described],
    n: int,
    rng: np.random.Generator,
    *,
    keep_zero: bool = False,
) -> np.ndarray:
    """Draw as `sample_local`, descriptors alone.

    Returns:
        (m, d) float32, m <= n.
    """
    return sample_local(images, n, rng, keep_zero=keep_zero).descriptors


def even_quotas(counts: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Number of rows to take from each image, as even as the available `counts` allow.

    The sum is min(n, sum of counts); images that are not exhausted differ by at most one, and
    which of them give one more is drawn.
    """
    quotas = np.zeros_like(counts)
    left = min(n, int(counts.sum()))
    while left:
        open_ = np.flatnonzero(quotas < counts)
        share = left // len(open_)
        if not share:
            quotas[rng.choice(open_, left, replace=False)] += 1
            break
        taken = np.minimum(share, counts[open_] - quotas[open_])
        quotas[open_] += taken
        left -= int(taken.sum())
    return quotas


def _copy_rows(image: LocalDescriptors, rows: np.ndarray) -> LocalDescriptors:
    """Copies of some rows, which keep no reference to the rest of the image."""
    return LocalDescriptors(
        np.asarray(image.descriptors[rows], np.float32), image.positions[rows], image.scales[rows]
    )


def _draw(
    descriptors: np.ndarray, quota: int, rng: np.random.Generator, keep_zero: bool
) -> np.ndarray:
    """Indices of `quota` rows in random order; fewer if too many rows are zero."""
    order = rng.permutation(len(descriptors))
    if keep_zero:
        return order[:quota]
    rows = order[:0]
    for reach in (2 * quota, len(order)):  # nearly always the first reach is enough
        rows = order[:reach]
        rows = rows[descriptors[rows].any(axis=1)]
        if len(rows) >= quota:
            break
    return rows[:quota]
