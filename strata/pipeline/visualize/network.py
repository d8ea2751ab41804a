"""First filters of a network, and Grad-CAM maps of its predictions."""

from typing import Any

import numpy as np
from PIL import Image

from strata.models.training.resize import resize_image
from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.prediction_path import prediction_path
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.graph.stage import Node
from strata.pipeline.stages.fine_tuning import fine_tuned_scores
from strata.pipeline.stages.search import without_search
from strata.pipeline.store.store import Store
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

#: Filters shown at most, and columns of their grid.
FILTERS, COLUMNS = 64, 16
#: Images per row of Grad-CAM maps, at most: one per class, and those with the smallest margins.
PER_ROW, NEAR_TIES = 12, 4
#: Side of a picture and of its heat map, in pixels.
SIDE = 96


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
    """Grad-CAM maps of confident errors, confident correct images, top images and near ties.

    Each image is scored by a network that was not trained on it.

    Raises:
        LookupError: networks or resized images are no longer in the store.
    """
    rows = []
    for heading, note, chosen in _chosen(scores, len(dataset.classes)):
        panels = [_panel(one, target, dataset, store) for one in chosen]
        if panels:
            rows.append(PanelRow(heading, note, panels))
    return Visualization(
        "Grad-CAM",
        "Each image with the Grad-CAM map of its predicted class at the last feature map "
        "(Selvaraju et al., ICCV 2017); yellow regions support the prediction.",
        rows,
    )


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


def _panel(one: ImagePrediction, target: Target, dataset: Dataset, store: Store) -> Panel:
    """An image and its Grad-CAM map side by side."""
    fold, scores = next(part for part in target.folds if one.image in part[0].test.ids)
    _, fitted = prediction_path(scores)
    artifact = next(a for a in (store.read_fitted(n.key) for n in fitted) if "classifier" in a)
    network_input = _network_input(without_search(scores), _single(fold.test, one.image), store)
    column = artifact["classes"].index(one.predicted)
    heat = grad_cam(artifact["classifier"], network_input, column)
    predicted, true = dataset.classes[one.predicted], dataset.classes[one.true]
    caption = predicted if one.true == one.predicted else f"{true} → {predicted}"
    picture = _input_picture(artifact["classifier"], network_input, one.image, dataset)
    return Panel(
        side_by_side(picture, heat), f"{one.image}, with the Grad-CAM map of {predicted}", caption
    )


def _network_input(scores: Node, row: Subset, store: Store) -> np.ndarray:
    """Input of the network for one image: (h, w, channels), pixels or activations."""
    shards = _shards(sharded_input(scores), store)
    if scores.stage is fine_tuned_scores:
        return shards.rows("views", row)[0, 0]  # the first view is the image itself
    return shards.rows("pixels", row)[0]


def _input_picture(
    classifier: Any, network_input: np.ndarray, image: str, dataset: Dataset
) -> np.ndarray:
    """The part of the image that the network sees: (side, side, 3) uint8."""
    if network_input.dtype == np.uint8:
        window = _center_window(classifier, network_input)
        return np.broadcast_to(window, (*window.shape[:2], 3))
    record = next(record for record in dataset.manifest.records if record.id == image)
    return resize_image(record.read(), SIDE)


def _center_window(classifier: Any, network_input: np.ndarray) -> np.ndarray:
    """Center crop for a network on windows; the whole input for others."""
    if not hasattr(classifier, "window"):
        return network_input
    start = (len(network_input) - classifier.window()) // 2
    inner = slice(start, start + classifier.window())
    return network_input[inner, inner]


def _single(test: Subset, image: str) -> Subset:
    """The subset of one image."""
    i = test.ids.index(image)
    return Subset((image,), (test.digests[i],), None, test.classes, test.seed)


def _shards(sharded: Any, store: Store) -> Shards:
    """Reader of the rows of sharded artifacts."""
    digests = [node.shard.digests for node in sharded.nodes]
    return Shards(digests, lambda number: store.read(sharded.nodes[number].key))


def grad_cam(classifier: Any, network_input: np.ndarray, column: int) -> np.ndarray:
    """Grad-CAM map of a class at the last feature map: (h, w) float in [0, 1].

    See `strata.models.estimators.grad_cam`.

    Args:
        classifier: a network trained from scratch or a fine-tuned one.
        network_input: (side, side, 3) uint8, or activations (h, w, channels).
        column: index of the class among the network's scores.

    Raises:
        LookupError: the network has no feature maps.
    """
    import torch

    from strata.models.estimators.grad_cam import grad_cam_maps

    network = classifier.network().eval()
    window = _center_window(classifier, network_input)
    x = torch.from_numpy(window.copy()).permute(2, 0, 1)[None].float()
    heat = grad_cam_maps(network, x, torch.tensor([column])) if len(network.blocks) else x[:, :0]
    if heat[0].numel() < 2:
        raise LookupError("the network has no feature maps, which Grad-CAM needs")
    return (heat / heat.max().clamp(min=1e-12))[0, 0].numpy()


def side_by_side(pixels: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """The picture, and its gray version overlaid with a heat map (h, w) in [0, 1], upsampled."""
    size = (SIDE, SIDE)
    picture = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
    gray = np.asarray(picture.convert("L"), np.float64)[..., None]
    enlarged = Image.fromarray(heat.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    opacity = 0.75 * np.asarray(enlarged).clip(0, 1)[..., None]
    yellow = np.array([255.0, 200.0, 0.0])
    overlay = np.rint((1 - opacity) * (0.35 * gray + 40) + opacity * yellow).astype(np.uint8)
    return np.concatenate([np.asarray(picture), overlay], axis=1)
