"""Quadratic functions without mixed terms, constant + sum_j (a[j] y[j] + b[j] y[j]^2), at rows.

The log density of a diagonal Gaussian is one of them.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from strata._compiled import inlined
from strata.features._simd.vectors import (
    FLOATS,
    WIDTH,
    add,
    aligned_zeros,
    element_pointer,
    load_vector,
    multiply,
    padded_length,
    vector_code,
)


def pack_coefficients(linear: np.ndarray, quadratic: np.ndarray) -> np.ndarray:
    """Coefficients a and b (k, d) as (k, 2, d') float32, padded with zeros to whole vectors."""
    k, d = linear.shape
    packed = aligned_zeros(2 * k * padded_length(d)).reshape(k, 2, -1)
    packed[:, 0, :d], packed[:, 1, :d] = linear, quadratic
    return packed


@inlined
def evaluate_quadratics(
    x: np.ndarray,
    coefficients: np.ndarray,
    width: np.uint64,
    k: np.uint64,
    constant: np.float32,
    rows: np.ndarray,
    at: np.uint64,
    n: int,
    values: np.ndarray,
) -> None:
    """values[i] = constant + sum over j of a[j] y[j] + b[j] y[j]^2, with y = x[rows[i]].

    a and b are coefficients k; i runs from `at` to at + n. Four rows are taken at a time, so `rows`
    holds valid row numbers, and `values` has room, up to a multiple of four. The arrays are flat:
    slicing an array in numba costs as much as some of these sums.

    Args:
        x: float32, rows of `width` numbers.
        coefficients: float32, from `pack_coefficients`.
        width: d', a multiple of WIDTH.
        rows: int32.
        values: float32.
    """
    first = np.uint64(2) * width * k
    for i in range(0, n, 4):
        _evaluate_four(x, coefficients, first, width, constant, rows, at + np.uint64(i), values)


@vector_code
def _evaluate_four(
    typing: Any,
    x: Any,
    coefficients: Any,
    first: Any,
    width: Any,
    constant: Any,
    rows: Any,
    i: Any,
    out: Any,
) -> Any:
    """The values at places i to i + 3."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        first, width, constant, i = values[2], values[3], values[4], values[6]

        def pointer(argument: int, index: Any) -> Any:
            kind, array = signature.args[argument], values[argument]
            return element_pointer(context, builder, kind, array, index)

        def integer(number: int) -> Any:
            return ir.Constant(width.type, number)

        places = [builder.add(i, integer(n)) for n in range(4)]
        begins = [
            builder.mul(builder.zext(builder.load(pointer(5, place)), width.type), width)
            for place in places
        ]
        zeros = ir.Constant(FLOATS, [0.0] * WIDTH)
        sums = [cgutils.alloca_once_value(builder, zeros) for _ in places]
        second = builder.add(first, width)
        with cgutils.for_range_slice(builder, integer(0), width, integer(WIDTH)) as (j, _):
            a = load_vector(builder, pointer(1, builder.add(first, j)))
            b = load_vector(builder, pointer(1, builder.add(second, j)))
            for begin, sum_ in zip(begins, sums, strict=True):
                y = load_vector(builder, pointer(0, builder.add(begin, j)))
                slope = add(builder, a, multiply(builder, b, y))
                term = multiply(builder, slope, y)
                builder.store(add(builder, builder.load(sum_), term), sum_)
        kind = ir.FunctionType(ir.FloatType(), [ir.FloatType(), FLOATS])
        total = cgutils.get_or_insert_function(
            builder.module, kind, f"llvm.vector.reduce.fadd.v{WIDTH}f32"
        )
        for place, sum_ in zip(places, sums, strict=True):
            value = builder.call(total, [constant, builder.load(sum_)], fastmath=["fast"])
            builder.store(value, pointer(7, place))
        return context.get_dummy_value()

    number = types.uint64
    return types.void(x, coefficients, number, number, types.float32, rows, number, out), build
