"""SIMD vectors as wide as this processor's, and the LLVM instructions on them.

LLVM does not combine neighboring scalars into vectors by itself in numba's loops (numba leaves the
SLP pass out), and of the widths that a processor has it prefers the middle one; kernels that need
full vectors build the instructions themselves.
"""

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba.core import cgutils
from numba.extending import intrinsic

from strata._compiled import inlined

#: numba's `intrinsic`, whose annotations describe the undecorated function.
vector_code: Any = intrinsic


def _vector_width() -> int:
    """16 with AVX-512, else 8."""
    try:
        return 16 if binding.get_host_cpu_features().get("avx512bw") else 8
    except RuntimeError:  # LLVM cannot detect this processor's features
        return 8


WIDTH = _vector_width()  # 32-bit numbers in one vector
FLOATS = ir.VectorType(ir.FloatType(), WIDTH)
INTS = ir.VectorType(ir.IntType(32), WIDTH)


def aligned_zeros(count: int) -> np.ndarray:
    """(count,) float32 zeros that begin at a cache line (64 bytes).

    A vector of sixteen numbers that straddles two lines takes twice as long to load.
    """
    buffer = np.zeros(count + 16, np.float32)
    first = -(buffer.ctypes.data // 4) % 16
    return buffer[first : first + count]


inlined_aligned_zeros = inlined(aligned_zeros)  # the same within compiled functions


def padded_length(count: int) -> int:
    """The next multiple of WIDTH."""
    return count + -count % WIDTH


def element_pointer(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Pointer to element `index` of a flat array of numba type `kind`."""
    data = context.make_array(kind)(context, builder, array).data
    return cgutils.gep_inbounds(builder, data, index)


def load_vector(builder: Any, pointer: Any) -> Any:
    """Load WIDTH float32 from a pointer."""
    return builder.load(builder.bitcast(pointer, FLOATS.as_pointer()), align=4)


def store_vector(builder: Any, floats: Any, pointer: Any) -> None:
    """Store WIDTH float32 at a pointer."""
    builder.store(floats, builder.bitcast(pointer, FLOATS.as_pointer()), align=4)


def splat(builder: Any, number: Any, width: int = WIDTH) -> Any:
    """Vector with the same number in each of `width` elements."""
    undefined = ir.Constant(ir.VectorType(number.type, width), None)
    single = builder.insert_element(undefined, number, ir.Constant(ir.IntType(32), 0))
    first = ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width)
    return builder.shuffle_vector(single, single, first)


def multiply(builder: Any, a: Any, b: Any) -> Any:
    """a b with fast-math flags, so that LLVM fuses it with a following addition."""
    return builder.fmul(a, b, flags=["fast"])


def add(builder: Any, a: Any, b: Any) -> Any:
    """a + b with fast-math flags."""
    return builder.fadd(a, b, flags=["fast"])
