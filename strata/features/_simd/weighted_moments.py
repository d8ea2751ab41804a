"""Weighted sums of selected rows and of their squares, kept in registers while rows stream past."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from strata._compiled import inlined
from strata.features._simd.vectors import (
    WIDTH,
    add,
    element_pointer,
    load_vector,
    multiply,
    splat,
    store_vector,
    vector_code,
)

_VECTORS = 4  # of columns at a time: eight independent sums hide the latency of the additions


@inlined
def add_weighted_moments(
    x: np.ndarray,
    width: np.uint64,
    weights: np.ndarray,
    rows: np.ndarray,
    at: np.uint64,
    n: int,
    total: np.ndarray,
    to: np.uint64,
) -> None:
    """Add sum_i weights[i] y and sum_i weights[i] y^2, with y = x[rows[i]], to `total`.

    i runs from `at` to at + n. The first sum is added to the `width` numbers of `total` from `to`
    on, the second to the `width` after these. The arrays are flat: slicing an array in numba costs
    as much as some of these sums.

    Args:
        x: float32, rows of `width` numbers, a multiple of WIDTH.
        weights: float32.
        rows: int32.
        total: float32.
    """
    end = at + np.uint64(n)
    rest = np.int64(width) // WIDTH % _VECTORS
    whole = np.int64(width) - rest * WIDTH
    for column in range(0, whole, _VECTORS * WIDTH):
        _add_four(x, width, weights, rows, at, end, total, to, np.uint64(column))
    if rest == 1:
        _add_one(x, width, weights, rows, at, end, total, to, np.uint64(whole))
    elif rest == 2:
        _add_two(x, width, weights, rows, at, end, total, to, np.uint64(whole))
    elif rest == 3:
        _add_three(x, width, weights, rows, at, end, total, to, np.uint64(whole))


def _adding(vectors: int) -> Any:
    """The kernel for that many vectors of columns, from `column` on."""

    def add_columns(
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

            def pointer(argument: int, index: Any) -> Any:
                kind, array = signature.args[argument], values[argument]
                return element_pointer(context, builder, kind, array, index)

            columns = [
                builder.add(column, ir.Constant(column.type, WIDTH * vector))
                for vector in range(vectors)
            ]
            places = [pointer(6, builder.add(to, c)) for c in columns]
            places += [pointer(6, builder.add(builder.add(to, width), c)) for c in columns]
            sums = [
                cgutils.alloca_once_value(builder, load_vector(builder, place)) for place in places
            ]
            step = ir.Constant(begin.type, 1)
            with cgutils.for_range_slice(builder, begin, end, step) as (i, _):
                weight = splat(builder, builder.load(pointer(2, i)))
                row = builder.zext(builder.load(pointer(3, i)), column.type)
                row = builder.mul(row, width)
                for c, first, second in zip(columns, sums, sums[vectors:], strict=False):
                    y = load_vector(builder, pointer(0, builder.add(row, c)))
                    weighted = multiply(builder, weight, y)
                    square = multiply(builder, weighted, y)
                    builder.store(add(builder, builder.load(first), weighted), first)
                    builder.store(add(builder, builder.load(second), square), second)
            for place, sum_ in zip(places, sums, strict=True):
                store_vector(builder, builder.load(sum_), place)
            return context.get_dummy_value()

        number = types.uint64
        return types.void(x, number, weights, rows, number, number, total, number, number), build

    return vector_code(add_columns)


_add_one, _add_two, _add_three, _add_four = (_adding(vectors) for vectors in (1, 2, 3, _VECTORS))
