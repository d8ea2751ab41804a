"""Weighted sums of chosen rows and of their squares, kept in registers while the rows pass by."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from strata._compiled import inlined
from strata.features._simd.vectors import (
    LANES,
    added,
    multiplied,
    place,
    repeated,
    store,
    vector,
    vector_code,
)

_MOST = 4  # vectors of columns at a time: eight sums, enough for the additions not to wait


@inlined
def add_weighted(
    x: np.ndarray,
    width: np.uint64,
    weights: np.ndarray,
    rows: np.ndarray,
    at: np.uint64,
    n: int,
    total: np.ndarray,
    to: np.uint64,
) -> None:
    """Add the sum over i of weights[i] y, y row rows[i] of x, and that of weights[i] y^2.

    i goes from `at` to at + n. The first sum is added to `width` numbers of `total` from `to` on,
    the second to as many after these. The arrays are flat: to take parts of them in numba costs as
    much as some of these sums.

    Args:
        x: float32, rows of `width` numbers, a multiple of LANES.
        weights: float32.
        rows: int32.
        total: float32.
    """
    end = at + np.uint64(n)
    rest = np.int64(width) // LANES % _MOST
    whole = np.int64(width) - rest * LANES
    for column in range(0, whole, _MOST * LANES):
        _add_four(x, width, weights, rows, at, end, total, to, np.uint64(column))
    if rest == 1:
        _add_one(x, width, weights, rows, at, end, total, to, np.uint64(whole))
    elif rest == 2:
        _add_two(x, width, weights, rows, at, end, total, to, np.uint64(whole))
    elif rest == 3:
        _add_three(x, width, weights, rows, at, end, total, to, np.uint64(whole))


def _adding(vectors: int) -> Any:
    """The sums of so many vectors of columns from `column` on."""

    def add(
        typing: Any,
        x: Any,
        width: Any,
        weights: Any,
        rows: Any,
        begin: Any,
        end: Any,
        total: Any,
        to: Any,
        column: Any,
    ) -> Any:
        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            width, begin, end, to, column = (values[argument] for argument in (1, 4, 5, 7, 8))

            def at(argument: int, index: Any) -> Any:
                return place(context, builder, signature.args[argument], values[argument], index)

            lanes = [
                builder.add(column, ir.Constant(column.type, LANES * vector))
                for vector in range(vectors)
            ]
            places = [at(6, builder.add(to, lane)) for lane in lanes]
            places += [at(6, builder.add(builder.add(to, width), lane)) for lane in lanes]
            sums = [cgutils.alloca_once_value(builder, vector(builder, place)) for place in places]
            step = ir.Constant(begin.type, 1)
            with cgutils.for_range_slice(builder, begin, end, step) as (i, _):
                weight = repeated(builder, builder.load(at(2, i)))
                row = builder.zext(builder.load(at(3, i)), column.type)
                row = builder.mul(row, width)
                for lane, first, second in zip(lanes, sums, sums[vectors:], strict=False):
                    mine = vector(builder, at(0, builder.add(row, lane)))
                    share = multiplied(builder, weight, mine)
                    square = multiplied(builder, share, mine)
                    builder.store(added(builder, builder.load(first), share), first)
                    builder.store(added(builder, builder.load(second), square), second)
            for sum_, kept in zip(places, sums, strict=True):
                store(builder, builder.load(kept), sum_)
            return context.get_dummy_value()

        number = types.uint64
        return types.void(x, number, weights, rows, number, number, total, number, number), build

    return vector_code(add)


_add_one, _add_two, _add_three, _add_four = (_adding(vectors) for vectors in (1, 2, 3, _MOST))
