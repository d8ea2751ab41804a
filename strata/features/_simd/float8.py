"""Eight float32 side by side, as one vector of the processor.

LLVM does not gather eight neighboring scalars into a vector by itself here (numba leaves that
pass out), nor does it see a vector in a greatest value or in what is listed under a condition; so
the places that need one say so.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from strata.features._simd.vectors import repeated, vector_code

OCTET = ir.VectorType(ir.FloatType(), 8)
NUMBERS = ir.VectorType(ir.IntType(32), 8)


def _lanes_set() -> np.ndarray:
    """(256 * 8,) int32: for each byte the numbers of its bits that are set, then zeros."""
    bits = np.arange(256)[:, None] >> np.arange(8) & 1
    first = np.argsort(1 - bits, axis=1, kind="stable")
    return (
        np.where(np.arange(8) < bits.sum(axis=1, keepdims=True), first, 0).astype(np.int32).ravel()
    )


#: What `list_above` looks lanes up in.
LANES_SET = _lanes_set()


@vector_code
def scale(typing: Any, target: Any, at: Any, source: Any, start: Any, weight: Any) -> Any:
    """target[at : at + 8] = weight * source[start : start + 8], on flat float32 arrays."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        target, at, source, start, weight = values
        octet = builder.load(eight_at(context, builder, signature.args[2], source, start), align=4)
        product = builder.fmul(octet, repeated(builder, weight, 8), flags=["fast"])
        builder.store(product, eight_at(context, builder, signature.args[0], target, at), align=4)
        return context.get_dummy_value()

    return types.void(target, at, source, start, types.float32), build


@vector_code
def vote(typing: Any, target: Any, at: Any, size: Any, turn: Any) -> Any:
    """Share `size` between the two orientations nearest to `turn`, in [0, 8]; others get zero.

    target[at + o] = size * max(0, 1 - distance of turn and o around the circle of 8), where
    1 - distance is ||turn - o| - 4| - 3.
    """

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        target, at, size, turn = values
        unary = ir.FunctionType(OCTET, [OCTET])
        absolute = cgutils.get_or_insert_function(builder.module, unary, "llvm.fabs.v8f32")
        orientations = ir.Constant(OCTET, [float(o) for o in range(8)])

        def minus(octet: Any, number: Any) -> Any:
            return builder.fsub(octet, number, flags=["fast"])

        away = builder.call(absolute, [minus(repeated(builder, turn, 8), orientations)])
        near = minus(builder.call(absolute, [minus(away, _constant(4))]), _constant(3))
        share = builder.select(builder.fcmp_ordered(">", near, _constant(0)), near, _constant(0))
        votes = builder.fmul(share, repeated(builder, size, 8), flags=["fast"])
        builder.store(votes, eight_at(context, builder, signature.args[0], target, at), align=4)
        return context.get_dummy_value()

    return types.void(target, at, types.float32, types.float32), build


@vector_code
def raise_to(typing: Any, target: Any, at: Any, source: Any, start: Any) -> Any:
    """target[at : at + 8] = the greater of it and source[start : start + 8], lane by lane."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        target, at, source, start = values
        place = eight_at(context, builder, signature.args[0], target, at)
        mine = builder.load(place, align=4)
        other = builder.load(eight_at(context, builder, signature.args[2], source, start), align=4)
        greater = builder.fcmp_ordered(">", mine, other, flags=["fast"])
        builder.store(builder.select(greater, mine, other), place, align=4)
        return context.get_dummy_value()

    return types.void(target, at, source, start), build


@vector_code
def list_above(
    typing: Any, source: Any, start: Any, least: Any, near: Any, m: Any, first: Any, lanes: Any
) -> Any:
    """List from near[m] on the numbers first + o where source[start + o] > least, o below 8.

    `near` is int32 and has room for eight; `lanes` is LANES_SET. The value is m and how many were
    listed. There is no branch: what is listed is as good as random, and mispredicted.
    """

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        source, start, least, near, m, first, lanes = values
        octet = builder.load(eight_at(context, builder, signature.args[0], source, start), align=4)
        above = builder.fcmp_ordered(">", octet, repeated(builder, least, 8), flags=["fast"])
        byte = builder.zext(builder.bitcast(above, ir.IntType(8)), ir.IntType(64))
        row = builder.shl(byte, ir.Constant(ir.IntType(64), 3))
        found = builder.load(
            eight_at(context, builder, signature.args[6], lanes, row, NUMBERS), align=4
        )
        numbers = builder.add(found, repeated(builder, builder.trunc(first, ir.IntType(32)), 8))
        place = eight_at(context, builder, signature.args[3], near, m, NUMBERS)
        builder.store(numbers, place, align=4)
        return builder.add(m, builder.ctpop(byte))

    return types.uint64(source, start, types.float32, near, m, first, lanes), build


def eight_at(context: Any, builder: Any, kind: Any, array: Any, index: Any, of: Any = OCTET) -> Any:
    """Where in an array of that type the eight numbers from `index` on lie."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(cgutils.gep_inbounds(builder, data, index), of.as_pointer())


def _constant(number: float) -> ir.Constant:
    return ir.Constant(OCTET, [float(number)] * 8)
