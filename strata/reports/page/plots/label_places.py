"""Places of labels beside each other, moved apart where they would overlap."""

from collections.abc import Sequence


def spread(places: Sequence[float], distance: float, limit: float = float("inf")) -> list[float]:
    """Places moved as little as possible so that any two are at least a distance apart.

    Afterwards those beyond the limit move back to it, and others before them.

    They keep their order, and the sum of squared moves is smallest: with the distances subtracted
    it is an isotonic regression, solved by pooling adjacent violators (R. E. Barlow et al.,
    "Statistical Inference under Order Restrictions", 1972).
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    pools: list[list[float]] = []
    for rank, i in enumerate(order):
        pools.append([places[i] - rank * distance])
        while len(pools) > 1 and _mean(pools[-2]) >= _mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    moved = list(places)
    shifted = [_mean(pool) for pool in pools for _ in pool]
    for rank, (i, place) in enumerate(zip(order, shifted, strict=True)):
        moved[i] = place + rank * distance
    for i in reversed(order):
        moved[i] = min(moved[i], limit)
        limit = moved[i] - distance
    return moved


def _mean(pool: list[float]) -> float:
    return sum(pool) / len(pool)
