"""Quadratic functions without mixed terms, as log densities of diagonal Gaussians are."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from strata._compiled import inlined
from strata.features._simd.vectors import (
    FLOATS,
    LANES,
    added,
    multiplied,
    on_a_line,
    padded,
    place,
    vector,
    vector_code,
)


def table_of(slopes: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """Slopes a and curves b (k, d) as (k, 2, d') float32, with zeros up to whole vectors."""
    k, d = slopes.shape
    table = on_a_line(2 * k * padded(d)).reshape(k, 2, -1)
    table[:, 0, :d], table[:, 1, :d] = slopes, curves
    return table


@inlined
def set_quadratics(
    x: np.ndarray,
    table: np.ndarray,
    width: np.uint64,
    k: np.uint64,
    constant: np.float32,
    rows: np.ndarray,
    at: np.uint64,
    n: int,
    values: np.ndarray,
) -> None:
    """Values of function k of the table: constant + sum over j of a[j] y[j] + b[j] y[j]^2.

    y is row rows[i] of x, and the value's place i, for i from `at` to at + n. Four rows are taken
    at a time: `rows` leads on to rows, and `values` has room, up to a multiple of four. The arrays
    are flat: to take parts of them in numba costs as much as some of these sums.

    Args:
        x: float32, rows of `width` numbers.
        table: float32, from `table_of`.
        width: d', a multiple of LANES.
        rows: int32.
        values: float32.
    """
    first = np.uint64(2) * width * k
    for i in range(0, n, 4):
        _set_four(x, table, first, width, constant, rows, at + np.uint64(i), values)


@vector_code
def _set_four(
    typing: Any,
    x: Any,
    table: Any,
    first: Any,
    width: Any,
    constant: Any,
    rows: Any,
    i: Any,
    found: Any,
) -> Any:
    """The values at places i to i + 3."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        first, width, constant, i = values[2], values[3], values[4], values[6]

        def at(argument: int, index: Any) -> Any:
            return place(context, builder, signature.args[argument], values[argument], index)

        def step(number: int) -> Any:
            return ir.Constant(width.type, number)

        turns = [builder.add(i, step(turn)) for turn in range(4)]
        begins = [
            builder.mul(builder.zext(builder.load(at(5, turn)), width.type), width)
            for turn in turns
        ]
        none = ir.Constant(FLOATS, [0.0] * LANES)
        kept = [cgutils.alloca_once_value(builder, none) for _ in turns]
        second = builder.add(first, width)
        with cgutils.for_range_slice(builder, step(0), width, step(LANES)) as (j, _):
            a = vector(builder, at(1, builder.add(first, j)))
            b = vector(builder, at(1, builder.add(second, j)))
            for begin, sum_ in zip(begins, kept, strict=True):
                mine = vector(builder, at(0, builder.add(begin, j)))
                slope = added(builder, a, multiplied(builder, b, mine))
                term = multiplied(builder, slope, mine)
                builder.store(added(builder, builder.load(sum_), term), sum_)
        kind = ir.FunctionType(ir.FloatType(), [ir.FloatType(), FLOATS])
        total = cgutils.get_or_insert_function(
            builder.module, kind, f"llvm.vector.reduce.fadd.v{LANES}f32"
        )
        for turn, sum_ in zip(turns, kept, strict=True):
            value = builder.call(total, [constant, builder.load(sum_)], fastmath=["fast"])
            builder.store(value, at(7, turn))
        return context.get_dummy_value()

    number = types.uint64
    return types.void(x, table, number, number, types.float32, rows, number, found), build
