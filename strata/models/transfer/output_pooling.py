"""Pooling of a node's output to vectors: tokens of the whole image, and means over cells."""

from collections.abc import Callable, Sequence
from typing import Literal

from torch import Tensor, nn

from strata.errors import InputError
from strata.models.transfer.output_layout import OutputLayout, as_map
from strata.models.transfer.subgraph import global_pool

#: Tokens that are taken of a vision transformer.
Tokens = Literal["auto", "class", "patches", "both"]


def check_pooling(
    node: str, layout: OutputLayout, tokens: Tokens, grids: Sequence[tuple[int, int]]
) -> None:
    """Check that a node's output can be pooled so.

    Raises:
        InputError: no such kind of tokens; no class token; cells of an output without positions, or
            of a class token.
    """
    if tokens not in ("auto", "class", "patches", "both"):
        raise InputError(f"tokens must be 'auto', 'class', 'patches' or 'both': {tokens!r}.")
    if layout.kind == "tokens" and tokens in ("class", "both") and not layout.class_token:
        raise InputError(
            f"tokens = '{tokens}', but there is no class token among the tokens of '{node}'.",
            "Take tokens = 'patches' or 'auto', or a later node of a network with a class token.",
        )
    if all(tuple(grid) == (1, 1) for grid in grids):
        return
    if layout.kind == "vector" or (layout.kind == "tokens" and not layout.grid[0]):
        raise InputError(
            f"There are no cells in '{node}': it is no map, and no square grid of patches.",
            "Take one cell, or another node.",
        )
    if layout.kind == "tokens" and tokens == "class":
        raise InputError(
            f"There are no cells in the class token of '{node}'.",
            "Take one cell, or tokens = 'patches' or 'both'.",
        )


def pool_output(
    x: Tensor,
    layout: OutputLayout,
    tokens: Tokens,
    grids: Sequence[tuple[int, int]],
    cell_means: Callable[[Tensor, int, int], Tensor] | None = None,
) -> list[Tensor]:
    """Vectors of a node's output: the class token, then one vector for each grid of cells.

    Args:
        x: maps (n, d, h, w), tokens (n, t, d) or vectors (n, d).
        layout: in which the network gives them, for what tokens stand for.
        tokens, grids: as of `BackboneFeatures`, checked by `check_pooling`.
        cell_means: means of maps in the cells of a grid, (n, cells * d); None: `grid_means`.

    Returns:
        (n, d) and (n, cells * d) tensors.
    """
    parts = []
    if layout.kind == "tokens":
        if layout.class_token and tokens != "patches":
            parts.append(x[:, 0])
        if tokens == "class":
            return parts
        if layout.grid[0]:
            x = as_map(x, layout.canonical)
    means = cell_means or grid_means
    whole = [tuple(grid) == (1, 1) for grid in grids]
    pooled = [global_pool(x) if one else means(x, *g) for g, one in zip(grids, whole, strict=True)]
    return [*parts, *pooled]


def part_names(node: str, count: int, grids: Sequence[tuple[int, int]]) -> list[str]:
    """Names of the vectors that `pool_output` makes of a node's output.

    Args:
        count: number of the vectors.
    """
    cells = [node if r * c == 1 else f"{node} in {r} x {c}" for r, c in grids]
    token = [f"class token of {node}"] if count > len(cells) else []
    return [*token, *cells][:count]  # tokens = "class" gives one vector whatever the grids


def grid_means(maps: Tensor, rows: int, columns: int) -> Tensor:
    """Means of maps in a grid's cells: (n, d, h, w) -> (n, cells * d)."""
    means = nn.functional.adaptive_avg_pool2d(maps, (rows, columns))
    return means.flatten(2).transpose(1, 2).flatten(1)
