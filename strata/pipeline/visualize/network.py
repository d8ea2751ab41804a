"""What a network has learned to see: its first filters, and where it looks in an image."""

from typing import TYPE_CHECKING, Any

from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.graph.stage import Node
from strata.pipeline.reporting.costs import prediction_path
from strata.pipeline.stages.fine_tuning import fine_tuned_scores
from strata.pipeline.stages.search import without_search
from strata.pipeline.store.store import Store
from strata.pipeline.visualize.samples import sharded_input

if TYPE_CHECKING:
    import numpy as np

    from strata.reports.comparison.hardest_images import Judged
    from strata.reports.model.scores import Scores
    from strata.reports.model.visualizations import Panel, Visualization

#: Filters shown at most, and columns of their sheet.
FILTERS, COLUMNS = 64, 16
#: Images of a kind at most: one of each class, and those near a tie.
MOST, CLOSE = 12, 4
#: Of a picture and of its heat map, pixels.
SIDE = 96


def filters(classifier: Any) -> "Visualization | None":
    """The first convolution's filters, if they see colors and places."""
    from strata.reports.model.visualizations import Panel, TileRow, Visualization

    for weights in classifier.network().state_dict().values():
        if weights.ndim == 4 and weights.shape[1] == 3 and min(weights.shape[2:]) > 1:
            break
    else:
        return None
    values = weights.detach().cpu().float().numpy()
    count, _, height, width = values.shape
    sheet = filter_sheet(values[:FILTERS])
    says = f"{min(count, FILTERS)} filters of {width} x {height} pixels"
    return Visualization(
        "First filters",
        f"What the first layer's {count} filters of {width} x {height} pixels answer to, each "
        "scaled to its own range; gray is zero.",
        [TileRow("", "", [Panel(sheet, says, enlarged=True)])],
    )


def filter_sheet(weights: "np.ndarray") -> "np.ndarray":
    """Filters (n, 3, h, w) side by side in rows of `COLUMNS`, a white pixel between them."""
    import numpy as np

    count, _, height, width = weights.shape
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, 3), 255, np.uint8)
    for i, one in enumerate(weights):
        y, x = (i // columns) * (height + 1), (i % columns) * (width + 1)
        scaled = 127.5 + 127.5 * one / max(1e-12, float(np.abs(one).max()))
        sheet[y : y + height, x : x + width] = np.rint(scaled).transpose(1, 2, 0)
    return sheet


def heat_maps(target: Target, dataset: Dataset, store: Store, scores: "Scores") -> "Visualization":
    """Where the network looks in its worst mistakes, surest hits and answers, closest calls.

    Each image is seen by a network that did not learn from it.

    Raises:
        LookupError: networks or resized images are no longer in the store.
    """
    from strata.reports.model.visualizations import TileRow, Visualization

    rows = []
    for heading, note, chosen in _chosen(scores, len(dataset.classes)):
        tiles = [_looked(one, target, dataset, store) for one in chosen]
        if tiles:
            rows.append(TileRow(heading, note, tiles))
    return Visualization(
        "Where the network looks",
        "Each picture, and where its answer comes from: parts that speak for the class that it "
        "names are yellow (Grad-CAM, Selvaraju et al., ICCV 2017, at the last feature map).",
        rows,
    )


def _chosen(scores: "Scores", classes: int) -> "list[tuple[str, str, list[Judged]]]":
    """Images of four kinds, by heading and note."""
    from strata.reports.comparison.evaluation import evaluate
    from strata.reports.comparison.hardest_images import (
        closest_calls,
        surest_answers,
        surest_hits,
        worst_mistakes,
    )

    found, each = evaluate(scores, "test", classes), "one of a class"
    return [
        ("Worst mistakes", each, worst_mistakes(found, MOST, each_class=1)),
        ("Surest hits", each, surest_hits(found, MOST, each_class=1)),
        ("Surest answers", "one for a class, right or wrong", surest_answers(found, MOST)),
        ("Closest calls", "nearly a tie", closest_calls(found, CLOSE)),
    ]


def _looked(one: "Judged", target: Target, dataset: Dataset, store: Store) -> "Panel":
    """The picture and its heat map side by side."""
    from strata.reports.model.visualizations import Panel

    fold, scores = next(part for part in target.folds if one.image in part[0].test.ids)
    _, fitted = prediction_path(scores)
    artifact = next(a for a in (store.read(n.key) for n in fitted) if "classifier" in a)
    given = _given(without_search(scores), _one(fold.test, one.image), store)
    known = artifact["classes"]
    heat = grad_cam(artifact["classifier"], given, known.index(one.predicted))
    named, true = dataset.classes[one.predicted], dataset.classes[one.true]
    said = named if one.true == one.predicted else f"{true} → {named}"
    picture = _seen(artifact["classifier"], given, one.image, dataset)
    return Panel(beside(picture, heat), f"{one.image}, and where {named} comes from in it", said)


def _given(scores: Node, row: Subset, store: Store) -> "np.ndarray":
    """What the network of some scores is given of an image: (h, w, channels)."""
    shards = _shards(sharded_input(scores), store)
    if scores.stage is fine_tuned_scores:
        return shards.rows("views", row)[0, 0]  # the image itself comes first
    return shards.rows("pixels", row)[0]


def _seen(classifier: Any, given: "np.ndarray", image: str, dataset: Dataset) -> "np.ndarray":
    """The part of a picture that the network sees: (side, side, 3) uint8."""
    import numpy as np

    from strata.image_io import read_image
    from strata.models.training.resize import resize_image

    if given.dtype == np.uint8:
        return _window(classifier, given)
    path = next(record.path for record in dataset.manifest.records if record.id == image)
    return resize_image(read_image(path), SIDE)


def _window(classifier: Any, given: "np.ndarray") -> "np.ndarray":
    """The middle of an image, where a network sees no more of it at once."""
    if not hasattr(classifier, "window"):
        return given
    start = (len(given) - classifier.window()) // 2
    inner = slice(start, start + classifier.window())
    return given[inner, inner]


def _one(test: Subset, image: str) -> Subset:
    i = test.ids.index(image)
    return Subset((image,), (test.digests[i],), None, test.classes, test.seed)


def _shards(sharded: Any, store: Store) -> Shards:
    digests = [node.shard.digests for node in sharded.nodes]
    return Shards(digests, lambda number: store.read(sharded.nodes[number].key))


def grad_cam(classifier: Any, given: "np.ndarray", column: int) -> "np.ndarray":
    """What speaks for a class, by place of the last feature map: (h, w) float in [0, 1].

    As of `strata.models.estimators.grad_cam`.

    Args:
        classifier: of a network from scratch, or one from ImageNet that was trained on.
        given: what it takes of an image, (side, side, 3) uint8 or activations (h, w, channels).
        column: of the class among the network's scores.

    Raises:
        LookupError: the network has no feature maps.
    """
    import torch

    from strata.models.estimators.grad_cam import weighed_maps

    network = classifier.network().eval()
    x = torch.from_numpy(_window(classifier, given).copy()).permute(2, 0, 1)[None].float()
    heat = weighed_maps(network, x, torch.tensor([column])) if len(network.blocks) else x[:, :0]
    if heat[0].numel() < 2:
        raise LookupError("the network has no feature maps to look at")
    return (heat / heat.max().clamp(min=1e-12))[0, 0].numpy()


def beside(pixels: "np.ndarray", heat: "np.ndarray") -> "np.ndarray":
    """The picture, and in gray under its heat map (h, w) in [0, 1], smoothly enlarged."""
    import numpy as np
    from PIL import Image

    size = (SIDE, SIDE)
    picture = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
    gray = np.asarray(picture.convert("L"), np.float64)[..., None]
    map_ = Image.fromarray(heat.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    share = 0.75 * np.asarray(map_).clip(0, 1)[..., None]
    hot = np.array([255.0, 200.0, 0.0])
    lit = np.rint((1 - share) * (0.35 * gray + 40) + share * hot).astype(np.uint8)
    return np.concatenate([np.asarray(picture), lit], axis=1)
