"""Matrix product of int16 matrices with int32 sums (GEMM): twice the multiply-adds of float32.

out = bias + left @ right.T. It serves where only the greatest of many products matter: int16
separates all but the closest, and those few are computed again in float32. Processors multiply
pairs of int16, add the two products and accumulate in int32 with one or two instructions
(`vpmaddwd`, `vpdpwssd`); no library offers that to NumPy arrays. LLVM turns the vector code below
into the instructions that the processor has; the sums are the same on all of them.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from strata._compiled import inlined
from strata.features._simd.vectors import FLOATS, INTS, WIDTH, aligned_zeros, splat, vector_code

Array = np.ndarray

ROWS = 6  # of a tile: with two vectors of columns, twelve sums in sixteen registers or more
COLUMNS = 2 * WIDTH  # of a tile

_INT64 = ir.IntType(64)
_PRODUCTS = ir.VectorType(ir.IntType(32), 2 * WIDTH)
_INT16S = ir.VectorType(ir.IntType(16), 2 * WIDTH)


@inlined
def n_pairs(d: int) -> int:
    """Number of 32-bit elements, two int16 in each, that hold d numbers."""
    return (d + 1) // 2


def pack_tiles(right: Array, multiple: int = COLUMNS) -> Array:
    """Pack the right side in the layout that `multiply` reads.

    Args:
        right: (k, d) numbers that round to int16, one column of the product per row.
        multiple: a multiple of COLUMNS; columns are padded with zeros up to a multiple of it.

    Returns:
        (tiles, pairs, COLUMNS) int32, two int16 of a column in each.
    """
    k, d = right.shape
    padded = np.zeros((k + -k % multiple, 2 * n_pairs(d)), np.int16)
    padded[:k, :d] = np.rint(right)
    tiles = padded.view(np.int32).reshape(-1, COLUMNS, n_pairs(d))
    packed = aligned_zeros(tiles.size).view(np.int32).reshape(-1, n_pairs(d), COLUMNS)
    packed[...] = tiles.transpose(0, 2, 1)
    return packed


@inlined
def multiply(left: Array, tiles: Array, bias: Array, out: Array) -> None:
    """out = bias + left times the columns in `tiles`, summed in int32.

    Args:
        left: (n, pairs) int32, two int16 in each; n a multiple of ROWS.
        tiles: from `pack_tiles`.
        bias: (k,) int32 for each column, k a multiple of COLUMNS.
        out: (n, k) float32.
    """
    rows, pairs = left.shape
    width = out.shape[1]
    flat_left, flat_tiles, flat_out = left.ravel(), tiles.ravel(), out.ravel()
    for column in range(0, width, COLUMNS):
        for row in range(0, rows, ROWS):
            _tile(
                flat_left,
                np.uint64(row * pairs),
                flat_tiles,
                np.uint64(column * pairs),
                np.uint64(pairs),
                bias,
                np.uint64(column),
                flat_out,
                np.uint64(row * width + column),
                np.uint64(width),
            )


@vector_code
def _tile(
    typing: Any,
    left: Any,
    left_at: Any,
    tiles: Any,
    tile_at: Any,
    pairs: Any,
    bias: Any,
    bias_at: Any,
    out: Any,
    out_at: Any,
    width: Any,
) -> Any:
    """ROWS x COLUMNS sums of `multiply`, which stay in registers while the pairs stream past.

    The arrays are flat; `..._at` are the indices at which the tile begins in them.
    """

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        left, left_at, tiles, tile_at, pairs, bias, bias_at, out, out_at, width = values

        def pointer(argument: int, array: Any, index: Any) -> Any:
            data = context.make_array(signature.args[argument])(context, builder, array).data
            return builder.gep(data, [index])

        def vector_pointer(base: Any, kind: Any, column: int) -> Any:
            element = builder.gep(base, [ir.Constant(_INT64, column)])
            return builder.bitcast(element, kind.as_pointer())

        columns = range(0, COLUMNS, WIDTH)
        begin = pointer(5, bias, bias_at)
        first = [builder.load(vector_pointer(begin, INTS, column), align=4) for column in columns]
        sums = [[cgutils.alloca_once_value(builder, one) for one in first] for _ in range(ROWS)]
        with cgutils.for_range(builder, pairs) as loop:
            shift = builder.mul(loop.index, ir.Constant(loop.index.type, COLUMNS))
            tile = pointer(2, tiles, builder.add(tile_at, shift))
            rights = [
                builder.load(vector_pointer(tile, INTS, column), align=4) for column in columns
            ]
            for row in range(ROWS):
                down = builder.mul(pairs, ir.Constant(_INT64, row))
                index = builder.add(builder.add(left_at, down), loop.index)
                pair = splat(builder, builder.load(pointer(0, left, index)))
                for right, sum_ in zip(rights, sums[row], strict=True):
                    added = builder.add(builder.load(sum_), _pair_products(builder, pair, right))
                    builder.store(added, sum_)
        for row in range(ROWS):
            down = builder.mul(width, ir.Constant(_INT64, row))
            to = pointer(7, out, builder.add(out_at, down))
            for column, sum_ in zip(columns, sums[row], strict=True):
                floats = builder.sitofp(builder.load(sum_), FLOATS)
                builder.store(floats, vector_pointer(to, FLOATS, column), align=4)
        return context.get_dummy_value()

    at = types.uint64
    return types.void(left, at, tiles, at, at, bias, at, out, at, at), build


def _pair_products(builder: Any, a: Any, b: Any) -> Any:
    """a[2 i] b[2 i] + a[2 i + 1] b[2 i + 1] in int32, of the int16 halves of two int32 vectors."""
    wide = [builder.sext(builder.bitcast(side, _INT16S), _PRODUCTS) for side in (a, b)]
    products = builder.mul(*wide)
    even, odd = (ir.Constant(INTS, list(range(first, 2 * WIDTH, 2))) for first in (0, 1))
    undefined = ir.Constant(_PRODUCTS, ir.Undefined)
    return builder.add(
        builder.shuffle_vector(products, undefined, even),
        builder.shuffle_vector(products, undefined, odd),
    )
