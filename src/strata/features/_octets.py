"""Eight float32 side by side, as one vector of the processor: the orientations of a bin.

LLVM does not gather eight neighbouring scalars into a vector by itself here (numba leaves that
pass out), so the two places that need it say so.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_intrinsic: Any = intrinsic  # numba's annotations describe the function before it is changed
OCTET = ir.VectorType(ir.FloatType(), 8)


@_intrinsic
def scale(typing: Any, target: Any, at: Any, source: Any, start: Any, weight: Any) -> Any:
    """target[at : at + 8] = weight * source[start : start + 8], on flat float32 arrays."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        target, at, source, start, weight = values
        octet = builder.load(_octet(context, builder, signature.args[2], source, start), align=4)
        product = builder.fmul(octet, _repeated(builder, weight), flags=["fast"])
        builder.store(product, _octet(context, builder, signature.args[0], target, at), align=4)
        return context.get_dummy_value()

    return types.void(target, at, source, start, types.float32), build


@_intrinsic
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

        away = builder.call(absolute, [minus(_repeated(builder, turn), orientations)])
        near = minus(builder.call(absolute, [minus(away, _constant(4))]), _constant(3))
        share = builder.select(builder.fcmp_ordered(">", near, _constant(0)), near, _constant(0))
        votes = builder.fmul(share, _repeated(builder, size), flags=["fast"])
        builder.store(votes, _octet(context, builder, signature.args[0], target, at), align=4)
        return context.get_dummy_value()

    return types.void(target, at, types.float32, types.float32), build


def _octet(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(cgutils.gep_inbounds(builder, data, index), OCTET.as_pointer())


def _repeated(builder: Any, number: Any) -> Any:
    single = builder.insert_element(
        ir.Constant(OCTET, None), number, ir.Constant(ir.IntType(32), 0)
    )
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), 8), [0] * 8)
    return builder.shuffle_vector(single, single, lanes)


def _constant(number: float) -> ir.Constant:
    return ir.Constant(OCTET, [float(number)] * 8)
