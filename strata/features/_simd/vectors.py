"""Vectors as wide as this processor's, for compiled loops that say what is done side by side.

LLVM does not gather neighboring scalars into a vector by itself in numba's loops (that pass is
left out), and of the widths that a processor has it prefers the middle one.
"""

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba.core import cgutils
from numba.extending import intrinsic

from strata._compiled import inlined

#: numba's, whose annotations describe the function before it is changed.
vector_code: Any = intrinsic


def _lanes() -> int:
    """16 with AVX-512, else 8."""
    try:
        return 16 if binding.get_host_cpu_features().get("avx512bw") else 8
    except RuntimeError:  # LLVM cannot tell what this processor has
        return 8


LANES = _lanes()  # 32-bit numbers in a vector
FLOATS = ir.VectorType(ir.FloatType(), LANES)
NUMBERS = ir.VectorType(ir.IntType(32), LANES)


def on_a_line(count: int) -> np.ndarray:
    """So many float32, all zero, from the beginning of a cache line on.

    A vector of sixteen that lies in two lines takes twice as long to load.
    """
    room = np.zeros(count + 16, np.float32)
    first = -(room.ctypes.data // 4) % 16
    return room[first : first + count]


line_of_floats = inlined(on_a_line)  # the same within compiled functions


def padded(count: int) -> int:
    """The next multiple of LANES."""
    return count + -count % LANES


def place(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Where entry `index` of a flat array of that type lies."""
    data = context.make_array(kind)(context, builder, array).data
    return cgutils.gep_inbounds(builder, data, index)


def vector(builder: Any, at: Any) -> Any:
    """The floats from a place on."""
    return builder.load(builder.bitcast(at, FLOATS.as_pointer()), align=4)


def store(builder: Any, floats: Any, at: Any) -> None:
    """Write a vector from a place on."""
    builder.store(floats, builder.bitcast(at, FLOATS.as_pointer()), align=4)


def repeated(builder: Any, number: Any, lanes: int = LANES) -> Any:
    """A number in each lane."""
    none = ir.Constant(ir.VectorType(number.type, lanes), None)
    single = builder.insert_element(none, number, ir.Constant(ir.IntType(32), 0))
    first = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
    return builder.shuffle_vector(single, single, first)


def multiplied(builder: Any, a: Any, b: Any) -> Any:
    """a b, to be fused with what is added."""
    return builder.fmul(a, b, flags=["fast"])


def added(builder: Any, a: Any, b: Any) -> Any:
    """a + b."""
    return builder.fadd(a, b, flags=["fast"])
