"""Operations on eight neighboring float32, as one SIMD vector.

LLVM neither combines eight neighboring scalars into a vector by itself here (numba leaves the SLP
pass out) nor vectorizes a maximum or a conditional append, so these kernels emit the instructions.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from strata.features._simd.vectors import splat, vector_code

FLOAT32X8 = ir.VectorType(ir.FloatType(), 8)
INT32X8 = ir.VectorType(ir.IntType(32), 8)


def _set_bit_positions() -> np.ndarray:
    """(256 * 8,) int32: for each byte the positions of its set bits in order, then zeros."""
    bits = np.arange(256)[:, None] >> np.arange(8) & 1
    first = np.argsort(1 - bits, axis=1, kind="stable")
    return (
        np.where(np.arange(8) < bits.sum(axis=1, keepdims=True), first, 0).astype(np.int32).ravel()
    )


#: Lookup table of `append_above`.
SET_BITS = _set_bit_positions()


@vector_code
def scale(typing: Any, target: Any, at: Any, source: Any, start: Any, weight: Any) -> Any:
    """target[at : at + 8] = weight * source[start : start + 8], on flat float32 arrays."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        target, at, source, start, weight = values
        numbers = builder.load(
            pointer8(context, builder, signature.args[2], source, start), align=4
        )
        product = builder.fmul(numbers, splat(builder, weight, 8), flags=["fast"])
        builder.store(product, pointer8(context, builder, signature.args[0], target, at), align=4)
        return context.get_dummy_value()

    return types.void(target, at, source, start, types.float32), build


@vector_code
def vote(typing: Any, target: Any, at: Any, magnitude: Any, angle: Any) -> Any:
    """Share a gradient's magnitude between the two nearest of 8 orientations; others get zero.

    target[at + o] = magnitude * max(0, 1 - circular distance of angle and o), with `angle` in
    eighths of a turn, in [0, 8]. 1 - distance is ||angle - o| - 4| - 3.
    """

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        target, at, magnitude, angle = values
        unary = ir.FunctionType(FLOAT32X8, [FLOAT32X8])
        absolute = cgutils.get_or_insert_function(builder.module, unary, "llvm.fabs.v8f32")
        orientations = ir.Constant(FLOAT32X8, [float(o) for o in range(8)])

        def minus(numbers: Any, number: Any) -> Any:
            return builder.fsub(numbers, number, flags=["fast"])

        away = builder.call(absolute, [minus(splat(builder, angle, 8), orientations)])
        near = minus(builder.call(absolute, [minus(away, _constant(4))]), _constant(3))
        share = builder.select(builder.fcmp_ordered(">", near, _constant(0)), near, _constant(0))
        votes = builder.fmul(share, splat(builder, magnitude, 8), flags=["fast"])
        builder.store(votes, pointer8(context, builder, signature.args[0], target, at), align=4)
        return context.get_dummy_value()

    return types.void(target, at, types.float32, types.float32), build


@vector_code
def maximum(typing: Any, target: Any, at: Any, source: Any, start: Any) -> Any:
    """target[at : at + 8] = elementwise maximum of itself and source[start : start + 8]."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        target, at, source, start = values
        place = pointer8(context, builder, signature.args[0], target, at)
        mine = builder.load(place, align=4)
        other = builder.load(pointer8(context, builder, signature.args[2], source, start), align=4)
        greater = builder.fcmp_ordered(">", mine, other, flags=["fast"])
        builder.store(builder.select(greater, mine, other), place, align=4)
        return context.get_dummy_value()

    return types.void(target, at, source, start), build


@vector_code
def append_above(
    typing: Any,
    source: Any,
    start: Any,
    threshold: Any,
    found: Any,
    count: Any,
    first: Any,
    set_bits: Any,
) -> Any:
    """Append to `found` the numbers first + o, o below 8, where source[start + o] > threshold.

    They are written from found[count] on; `found` is int32 with room for eight more, `set_bits` is
    SET_BITS. Returns the new count. Branch-free: which numbers pass is as good as random, so a
    branch would be mispredicted.
    """

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        source, start, threshold, found, count, first, set_bits = values
        numbers = builder.load(
            pointer8(context, builder, signature.args[0], source, start), align=4
        )
        above = builder.fcmp_ordered(">", numbers, splat(builder, threshold, 8), flags=["fast"])
        byte = builder.zext(builder.bitcast(above, ir.IntType(8)), ir.IntType(64))
        row = builder.shl(byte, ir.Constant(ir.IntType(64), 3))
        positions = builder.load(
            pointer8(context, builder, signature.args[6], set_bits, row, INT32X8), align=4
        )
        listed = builder.add(positions, splat(builder, builder.trunc(first, ir.IntType(32)), 8))
        place = pointer8(context, builder, signature.args[3], found, count, INT32X8)
        builder.store(listed, place, align=4)
        return builder.add(count, builder.ctpop(byte))

    return types.uint64(source, start, types.float32, found, count, first, set_bits), build


def pointer8(
    context: Any, builder: Any, kind: Any, array: Any, index: Any, of: Any = FLOAT32X8
) -> Any:
    """Pointer to the eight numbers from `index` on in a flat array of numba type `kind`."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(cgutils.gep_inbounds(builder, data, index), of.as_pointer())


def _constant(number: float) -> ir.Constant:
    return ir.Constant(FLOAT32X8, [float(number)] * 8)
