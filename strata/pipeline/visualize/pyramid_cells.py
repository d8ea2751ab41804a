"""Which cells of a spatial pyramid a classifier goes by."""

from typing import TYPE_CHECKING, Any

from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.stage import Node
from strata.pipeline.store.store import Store
from strata.pipeline.visualize.samples import samples, sharded_input

if TYPE_CHECKING:
    import numpy as np

    from strata.reports.model.visualizations import Visualization

#: Images on which it is tried: each is scored once for every cell.
IMAGES = 32


def cells(node: Node, classifier: Any, fold: Fold, store: Store) -> "Visualization | None":
    """How far the scores move when the words of one cell are taken away.

    Args:
        node: that the classifier was fitted by; one on other vectors than a bag of words over a
            pyramid shows nothing.

    Raises:
        LookupError: the vectors are no longer in the store.
    """
    import numpy as np

    from strata.features.encodings.spatial_pyramid import pyramid
    from strata.reports.model.visualizations import Panel, TileRow, Visualization

    histograms = sharded_input(node)
    if histograms.stage.name != "histograms":
        return None
    made_with = histograms.nodes[0].parameters
    grids = pyramid(made_with["pyramid"], made_with["levels"])
    if len(grids) < 2:
        return None
    chosen = samples(histograms, fold, store, IMAGES)[: 2 * IMAGES]
    vectors = np.stack([one.artifact["vectors"][one.row] for one in chosen])
    moved = influence(classifier, vectors, sum(grid.cells for grid in grids))
    tiles, start, finest = [], 0, grids[-1]
    for level, grid in enumerate(grids):
        part = moved[start : start + grid.cells].reshape(grid.rows, grid.columns)
        start += grid.cells
        shares = ", ".join(f"{100 * value:.0f} %" for value in part.ravel())
        says = f"level {level}, cells row by row: {shares}"
        caption = f"{grid.columns} x {grid.rows}: {100 * part.sum():.0f} % of all"
        picture = shaded(part / moved.max())
        alike = picture.repeat(finest.rows // grid.rows, 0).repeat(
            finest.columns // grid.columns, 1
        )
        tiles.append(Panel(alike, says, caption, enlarged=True))
    return Visualization(
        "Weight of the pyramid's cells",
        "How far the class scores move when the words in a cell are taken away, on average over "
        f"{len(chosen)} training images; darker is further.",
        [TileRow("", "", tiles)],
    )


def influence(classifier: Any, vectors: "np.ndarray", cells: int) -> "np.ndarray":
    """(cells,) float that sums to 1: mean change of the scores when one cell's block is zero.

    Args:
        vectors: (n, cells * bins), cell by cell.
    """
    import numpy as np

    from strata.models.classifiers.decision_scores import class_scores

    bins = vectors.shape[1] // cells
    whole = class_scores(classifier, vectors)
    moved = np.zeros(cells)
    for cell in range(cells):
        without = vectors.copy()
        without[:, cell * bins : (cell + 1) * bins] = 0
        moved[cell] = np.abs(class_scores(classifier, without) - whole).mean()
    return moved / (moved.sum() or 1.0)


def shaded(values: "np.ndarray") -> "np.ndarray":
    """Values in [0, 1] (h, w) as shades of one blue, uint8 (h, w, 3); 0 is nearly white."""
    import numpy as np

    light, dark = np.array([236.0, 242.0, 249.0]), np.array([10.0, 90.0, 166.0])
    return np.rint(light + values[..., None] * (dark - light)).astype(np.uint8)
