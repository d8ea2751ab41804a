"""Matrix products of 16-bit whole numbers, twice as many multiply-adds a second as of float32.

Where it matters only which of many products are greatest, whole numbers tell all but the closest
apart, and those few are computed again. Processors multiply pairs of 16-bit numbers, add the two
products, and add them to a 32-bit sum in one instruction or two; no library for NumPy's arrays
offers that. What is written here for vectors of sums LLVM turns into the instructions that the
processor has; the sums are the same on all.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from strata._compiled import inlined
from strata.features._simd.vectors import FLOATS, LANES, NUMBERS, on_a_line, repeated, vector_code

Array = np.ndarray

ROWS = 6  # of a tile; with two vectors of columns, twelve sums of the sixteen registers or more
COLUMNS = 2 * LANES  # of a tile

_WIDE = ir.IntType(64)
_PRODUCTS = ir.VectorType(ir.IntType(32), 2 * LANES)
_HALVES = ir.VectorType(ir.IntType(16), 2 * LANES)


@inlined
def pairs_in(dimensions: int) -> int:
    """32-bit places that a row of so many 16-bit numbers takes."""
    return (dimensions + 1) // 2


def in_tiles(right: Array, together: int = COLUMNS) -> Array:
    """Right sides as `multiply` reads them.

    Args:
        right: (k, d) numbers that round to 16-bit ones, one right side a row.
        together: a multiple of COLUMNS; as many columns there will be.

    Returns:
        (tiles, pairs, COLUMNS) int32, two of a column's 16-bit numbers in each; columns that are
        not there are zero.
    """
    k, d = right.shape
    wide = np.zeros((k + -k % together, 2 * pairs_in(d)), np.int16)
    wide[:k, :d] = np.rint(right)
    tiles = wide.view(np.int32).reshape(-1, COLUMNS, pairs_in(d))
    found = on_a_line(tiles.size).view(np.int32).reshape(-1, pairs_in(d), COLUMNS)
    found[...] = tiles.transpose(0, 2, 1)
    return found


@inlined
def multiply(left: Array, tiles: Array, start: Array, out: Array) -> None:
    """out = start + left times the right sides in `tiles`, summed in 32 bits.

    Args:
        left: (n, pairs) int32, two 16-bit numbers in each; n a multiple of ROWS.
        tiles: from `in_tiles`.
        start: (k,) int32 for each column, k a multiple of COLUMNS.
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
                start,
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
    start: Any,
    start_at: Any,
    out: Any,
    out_at: Any,
    width: Any,
) -> Any:
    """ROWS x COLUMNS sums of `multiply`; the arrays are flat, `..._at` is where in them to begin.

    The sums stay in registers while the pairs pass by.
    """

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        left, left_at, tiles, tile_at, pairs, start, start_at, out, out_at, width = values

        def place(argument: int, array: Any, index: Any) -> Any:
            data = context.make_array(signature.args[argument])(context, builder, array).data
            return builder.gep(data, [index])

        def vector(pointer: Any, kind: Any, column: int) -> Any:
            lane = builder.gep(pointer, [ir.Constant(_WIDE, column)])
            return builder.bitcast(lane, kind.as_pointer())

        columns = range(0, COLUMNS, LANES)
        begin = place(5, start, start_at)
        first = [builder.load(vector(begin, NUMBERS, column), align=4) for column in columns]
        sums = [[cgutils.alloca_once_value(builder, one) for one in first] for _ in range(ROWS)]
        with cgutils.for_range(builder, pairs) as loop:
            shift = builder.mul(loop.index, ir.Constant(loop.index.type, COLUMNS))
            tile = place(2, tiles, builder.add(tile_at, shift))
            rights = [builder.load(vector(tile, NUMBERS, column), align=4) for column in columns]
            for row in range(ROWS):
                down = builder.mul(pairs, ir.Constant(_WIDE, row))
                index = builder.add(builder.add(left_at, down), loop.index)
                pair = repeated(builder, builder.load(place(0, left, index)))
                for right, kept in zip(rights, sums[row], strict=True):
                    added = builder.add(builder.load(kept), _pairs_product(builder, pair, right))
                    builder.store(added, kept)
        for row in range(ROWS):
            down = builder.mul(width, ir.Constant(_WIDE, row))
            to = place(7, out, builder.add(out_at, down))
            for column, kept in zip(columns, sums[row], strict=True):
                found = builder.sitofp(builder.load(kept), FLOATS)
                builder.store(found, vector(to, FLOATS, column), align=4)
        return context.get_dummy_value()

    at = types.uint64
    return types.void(left, at, tiles, at, at, start, at, out, at, at), build


def _pairs_product(builder: Any, a: Any, b: Any) -> Any:
    """a[2 i] b[2 i] + a[2 i + 1] b[2 i + 1] of the halves of the numbers in two vectors."""
    wide = [builder.sext(builder.bitcast(side, _HALVES), _PRODUCTS) for side in (a, b)]
    products = builder.mul(*wide)
    even, odd = (ir.Constant(NUMBERS, list(range(first, 2 * LANES, 2))) for first in (0, 1))
    none = ir.Constant(_PRODUCTS, ir.Undefined)
    return builder.add(
        builder.shuffle_vector(products, none, even), builder.shuffle_vector(products, none, odd)
    )
