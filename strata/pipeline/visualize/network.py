"""First filters of a network, and evidence maps of its predictions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.prediction_path import prediction_path
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.stages.fine_tuning import fine_tuned_scores
from strata.pipeline.stages.pretrained import state_of
from strata.pipeline.stages.search import without_search
from strata.pipeline.store.store import Store
from strata.pipeline.visualize.overlay import fitted_in, overlay
from strata.pipeline.visualize.samples import sharded_input
from strata.reports.comparison.evaluation import evaluate
from strata.reports.comparison.hardest_images import (
    ImagePrediction,
    most_confident_correct,
    most_confident_errors,
    smallest_margins,
    top_image_per_class,
)
from strata.reports.model.scores import Scores
from strata.reports.model.visualizations import Panel, PanelRow, Visualization

if TYPE_CHECKING:
    from strata.models.estimators.network_evidence import EvidenceMaps

#: Filters shown at most, and columns of their grid.
FILTERS, COLUMNS = 64, 16
#: Images per row of Grad-CAM maps, at most: one per class, and those with the smallest margins.
PER_ROW, NEAR_TIES = 12, 4
#: Side of a picture and of its heat map, in pixels.
SIDE = 96
#: Titles and notes of the two kinds of maps.
GRAD_CAM = (
    "Grad-CAM",
    "Each image with the Grad-CAM map of its predicted class at the last feature map "
    "(Selvaraju et al., ICCV 2017); yellow regions support the prediction.",
)
GRADIENT = (
    "Gradient times input",
    "Each image with the first-order evidence for its predicted class, the product of the input "
    "and the score's gradient: this network has no feature maps. Orange speaks for the class, blue "
    "against it.",
)


def filters(classifier: Any) -> Visualization | None:
    """Filters of the first convolution, if it is on pixels and larger than 1 x 1; else None."""
    channels = getattr(classifier, "channels_", 3)
    for weights in classifier.network().state_dict().values():
        if weights.ndim == 4 and weights.shape[1] == channels and min(weights.shape[2:]) > 1:
            break
    else:
        return None
    values = np.broadcast_to(weights.detach().cpu().float(), (len(weights), 3, *weights.shape[2:]))
    count, _, height, width = values.shape
    sheet = filter_grid(values[:FILTERS])
    alt = f"{min(count, FILTERS)} filters of {width} x {height} pixels"
    return Visualization(
        "First filters",
        f"Weights of the {count} filters of the first convolution, {width} x {height} pixels, each "
        "scaled to its own range; gray is zero.",
        [PanelRow("", "", [Panel(sheet, alt, enlarged=True)])],
    )


def filter_grid(weights: np.ndarray) -> np.ndarray:
    """Filters (n, 3, h, w) as a grid of `COLUMNS` columns, with a white pixel between them."""
    count, _, height, width = weights.shape
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, 3), 255, np.uint8)
    for i, one in enumerate(weights):
        y, x = (i // columns) * (height + 1), (i % columns) * (width + 1)
        scaled = 127.5 + 127.5 * one / max(1e-12, float(np.abs(one).max()))
        sheet[y : y + height, x : x + width] = np.rint(scaled).transpose(1, 2, 0)
    return sheet


def heat_maps(target: Target, dataset: Dataset, store: Store, scores: Scores) -> Visualization:
    """Evidence maps of confident errors, confident correct images, top images and near ties.

    Each image is scored by a network that was not trained on it.

    Raises:
        LookupError: networks or resized images are no longer in the store; no score depends on a
            feature map.
    """
    rows, signed = [], False
    for heading, note, chosen in _chosen(scores, len(dataset.classes)):
        found = [_panel(one, target, dataset, store) for one in chosen]
        panels = [panel for panel, _ in filter(None, found)]
        signed |= any(is_signed for _, is_signed in filter(None, found))
        if panels:
            rows.append(PanelRow(heading, note, panels))
    if not rows:
        raise LookupError("no score of the network depends on a feature map")
    return Visualization(*(GRADIENT if signed else GRAD_CAM), rows)


def _chosen(scores: Scores, classes: int) -> list[tuple[str, str, list[ImagePrediction]]]:
    """Images of four kinds, by heading and note."""
    found, each = evaluate(scores, "test", classes), "one per class"
    return [
        ("Most confident errors", each, most_confident_errors(found, PER_ROW, max_per_class=1)),
        (
            "Most confident correct predictions",
            each,
            most_confident_correct(found, PER_ROW, max_per_class=1),
        ),
        ("Highest score per class", "correct or not", top_image_per_class(found, PER_ROW)),
        ("Smallest margins", "near ties", smallest_margins(found, NEAR_TIES)),
    ]


def _panel(
    one: ImagePrediction, target: Target, dataset: Dataset, store: Store
) -> tuple[Panel, bool] | None:
    """An image and its evidence map side by side, and whether the map has signs; None of no map."""
    fold, scores = next(part for part in target.folds if one.image in part[0].test.ids)
    _, fitted = prediction_path(scores)
    artifacts = [store.read_fitted(node.key) for node in fitted]
    artifact = next(a for a in artifacts if "classifier" in a)
    column = np.array([artifact["classes"].index(one.predicted)])
    without = without_search(scores)
    shards, row = _shards(sharded_input(without), store), _single(fold.test, one.image)
    if without.stage is fine_tuned_scores:
        record = next(record for record in dataset.manifest.records if record.id == one.image)
        weights = next(a for a in artifacts if "content" in a)
        picture, (maps, signed) = _of_fine_tuned(
            artifact["classifier"], shards, row, column, record.read(), weights
        )
    else:
        from strata.models.estimators.network_evidence import network_evidence

        picture = shards.rows("pixels", row)[0]
        maps, signed = network_evidence(artifact["classifier"], picture[None], column)
    if not maps.size:
        return None
    predicted, true = dataset.classes[one.predicted], dataset.classes[one.true]
    caption = predicted if one.true == one.predicted else f"{true} → {predicted}"
    shown = fitted_in(np.broadcast_to(picture, (*picture.shape[:2], 3)), SIDE)
    pair = np.concatenate([shown, overlay(shown, maps[0], signed=signed)], axis=1)
    return Panel(pair, f"{one.image}, with the evidence for {predicted}", caption), signed


def _of_fine_tuned(
    classifier: Any,
    shards: Shards,
    row: Subset,
    column: np.ndarray,
    image: np.ndarray,
    weights: Mapping[str, Any],
) -> "tuple[np.ndarray, EvidenceMaps]":
    """The part of an image that a fine-tuned network sees, and its evidence there."""
    from strata.models.estimators.backbone_evidence import fine_tuned_evidence
    from strata.models.training.resize import resize_image

    unchanged = shards.place(row.digests[0])[0]["unchanged"]
    views = shards.lazy("views", row, unchanged)[:]
    pixels = resize_image(image, classifier._image_size())
    evidence = fine_tuned_evidence(
        classifier, views, column, pixels[None], lambda: state_of(weights)
    )
    return pixels, evidence


def _single(test: Subset, image: str) -> Subset:
    """The subset of one image."""
    i = test.ids.index(image)
    return Subset((image,), (test.digests[i],), None, test.classes, test.seed)


def _shards(sharded: Any, store: Store) -> Shards:
    """Reader of the rows of sharded artifacts."""
    digests = [node.shard.digests for node in sharded.nodes]
    return Shards(digests, lambda number: store.read(sharded.nodes[number].key))
