"""Importance of a spatial pyramid's cells to a classifier, by occluding one cell at a time."""

from typing import Any

import numpy as np

from strata.features.encodings.spatial_pyramid import pyramid
from strata.models.classifiers.decision_scores import class_scores
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.stage import Node
from strata.pipeline.stages.encodings import bag_of_words
from strata.pipeline.store.store import Store
from strata.pipeline.visualize.samples import samples, sharded_input
from strata.reports.model.visualizations import Panel, PanelRow, Visualization

#: Images to average over, at most twice as many; each is scored once per cell.
IMAGES = 32


def pyramid_cells(node: Node, classifier: Any, fold: Fold, store: Store) -> Visualization | None:
    """Mean change of the class scores when the visual words of one cell are removed.

    Args:
        node: that fitted the classifier.
        classifier: fitted on bags of words over a spatial pyramid; None is returned for others.

    Raises:
        LookupError: the vectors are no longer in the store.
    """
    vectors_input = sharded_input(node)
    if vectors_input.stage is not bag_of_words:
        return None
    parameters = vectors_input.nodes[0].parameters
    grids = pyramid(parameters["pyramid"], parameters["levels"])
    if len(grids) < 2:
        return None
    chosen = samples(vectors_input, fold, store, IMAGES)[: 2 * IMAGES]
    vectors = np.stack([one.artifact["vectors"][one.row] for one in chosen])
    moved = influence(classifier, vectors, sum(grid.cells for grid in grids))
    panels, start, finest = [], 0, grids[-1]
    for level, grid in enumerate(grids):
        level_moved = moved[start : start + grid.cells].reshape(grid.rows, grid.columns)
        start += grid.cells
        shares = ", ".join(f"{100 * value:.0f} %" for value in level_moved.ravel())
        alt = f"level {level}, cells row by row: {shares}"
        caption = f"{grid.columns} x {grid.rows}: {100 * level_moved.sum():.0f} % of the total"
        picture = shaded(level_moved / moved.max())
        same_size = picture.repeat(finest.rows // grid.rows, 0).repeat(
            finest.columns // grid.columns, 1
        )
        panels.append(Panel(same_size, alt, caption, enlarged=True))
    return Visualization(
        "Importance of the pyramid's cells",
        "Change of the class scores when the visual words of a cell are removed, mean over "
        f"{len(chosen)} training images; darker is larger.",
        [PanelRow("", "", panels)],
    )


def influence(classifier: Any, vectors: np.ndarray, cells: int) -> np.ndarray:
    """Mean absolute change of the scores when a cell's block is zeroed: (cells,), sums to 1.

    Args:
        vectors: (n, cells * bins), cell by cell.
    """
    bins = vectors.shape[1] // cells
    whole = class_scores(classifier, vectors)
    moved = np.zeros(cells)
    for cell in range(cells):
        without = vectors.copy()
        without[:, cell * bins : (cell + 1) * bins] = 0
        moved[cell] = np.abs(class_scores(classifier, without) - whole).mean()
    return moved / (moved.sum() or 1.0)


def shaded(values: np.ndarray) -> np.ndarray:
    """Values in [0, 1] (h, w) as shades of blue, uint8 (h, w, 3); 0 is nearly white."""
    light, dark = np.array([236.0, 242.0, 249.0]), np.array([10.0, 90.0, 166.0])
    return np.rint(light + values[..., None] * (dark - light)).astype(np.uint8)
