"""Quadratic functions without mixed terms, as log densities of diagonal Gaussians are."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from strata._compiled import inlined
from strata.features._octets import OCTET, eight_at

_intrinsic: Any = intrinsic  # numba's annotations describe the function before it is changed
_FLOAT = ir.FloatType()


def table_of(slopes: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """Slopes a and curves b (k, d) as (k, 2, d') float32, with zeros up to a multiple of eight."""
    k, d = slopes.shape
    table = np.zeros((k, 2, d + -d % 8), np.float32)
    table[:, 0, :d], table[:, 1, :d] = slopes, curves
    return table


@inlined
def add_quadratics(
    x: np.ndarray, at: int, table: np.ndarray, rows: np.ndarray, m: int, sums: np.ndarray
) -> None:
    """sums[q] += sum over j of a[j] x[j] + b[j] x[j]^2, a and b row rows[q] of the table, q < m.

    Four rows are summed at a time: `rows` leads on to rows, and `sums` has room, up to a multiple
    of four. x is the part of a flat array from `at` on, d' float32.
    """
    length = np.uint64(table.shape[2])
    flat = table.ravel()
    for q in range(0, m, 4):
        _add_four(x, np.uint64(at), length, flat, rows, np.uint64(q), sums)


@_intrinsic
def _add_four(
    typing: Any, x: Any, at: Any, length: Any, table: Any, rows: Any, q: Any, sums: Any
) -> Any:
    """The sums of rows q to q + 3."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        x, at, length, table, rows, q, sums = values

        def place(argument: int, array: Any, index: Any) -> Any:
            data = context.make_array(signature.args[argument])(context, builder, array).data
            return cgutils.gep_inbounds(builder, data, index)

        def eight(argument: int, array: Any, index: Any) -> Any:
            at = eight_at(context, builder, signature.args[argument], array, index)
            return builder.load(at, align=4)

        def step(number: int) -> Any:
            return ir.Constant(length.type, number)

        turns = [builder.add(q, step(turn)) for turn in range(4)]
        twice = builder.mul(length, step(2))
        slopes = [
            builder.mul(builder.zext(builder.load(place(4, rows, turn)), length.type), twice)
            for turn in turns
        ]
        none = ir.Constant(OCTET, [0.0] * 8)
        kept = [cgutils.alloca_once_value(builder, none) for _ in turns]
        with cgutils.for_range_slice(builder, step(0), length, step(8)) as (j, _):
            mine = eight(0, x, builder.add(at, j))
            for first, sum_ in zip(slopes, kept, strict=True):
                a = eight(3, table, builder.add(first, j))
                b = eight(3, table, builder.add(builder.add(first, length), j))
                slope = builder.fadd(a, builder.fmul(b, mine, flags=["fast"]), flags=["fast"])
                term = builder.fmul(slope, mine, flags=["fast"])
                builder.store(builder.fadd(builder.load(sum_), term, flags=["fast"]), sum_)
        kind = ir.FunctionType(_FLOAT, [_FLOAT, OCTET])
        total = cgutils.get_or_insert_function(
            builder.module, kind, "llvm.vector.reduce.fadd.v8f32"
        )
        for turn, sum_ in zip(turns, kept, strict=True):
            to = place(6, sums, turn)
            found = builder.call(total, [builder.load(to), builder.load(sum_)], fastmath=["fast"])
            builder.store(found, to)
        return context.get_dummy_value()

    place = types.uint64
    return types.void(x, place, place, table, rows, place, sums), build
