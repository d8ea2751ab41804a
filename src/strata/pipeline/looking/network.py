"""What a network has learned to see: its first filters, and where it looks in an image."""

from typing import TYPE_CHECKING, Any

from strata.pipeline.compose import Target
from strata.pipeline.costs import prediction_path
from strata.pipeline.dataset import Dataset
from strata.pipeline.inputs import Subset
from strata.pipeline.looking.samples import sharded_input
from strata.pipeline.shards import Shards
from strata.pipeline.stages.search import without_search
from strata.pipeline.store import Store

if TYPE_CHECKING:
    import numpy as np

    from strata.reports.exhibits import Exhibit, Tile
    from strata.reports.images import Judged
    from strata.reports.scores import Scores

#: Filters shown at most, and columns of their sheet.
FILTERS, COLUMNS = 64, 16
#: Images of each kind: wrong ones, right ones, and those near a tie.
IMAGES = 4
#: Of a picture and of its heat map, pixels.
SIDE = 96


def filters(classifier: Any) -> "Exhibit | None":
    """The first convolution's filters, if they see colours and places."""
    from strata.reports.exhibits import Exhibit, Tile, TileRow

    for weights in classifier.network().state_dict().values():
        if weights.ndim == 4 and weights.shape[1] == 3 and min(weights.shape[2:]) > 1:
            break
    else:
        return None
    values = weights.detach().cpu().float().numpy()
    count, _, height, width = values.shape
    sheet = filter_sheet(values[:FILTERS])
    says = f"{min(count, FILTERS)} filters of {width} x {height} pixels"
    return Exhibit(
        "First filters",
        f"What the first layer's {count} filters of {width} x {height} pixels answer to, each "
        "scaled to its own range; grey is zero.",
        [TileRow("", "", [Tile(sheet, says, enlarged=True)])],
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


def heat_maps(target: Target, dataset: Dataset, store: Store, scores: "Scores") -> "Exhibit":
    """Where the network looks in its worst mistakes, surest hits and closest calls.

    Each image is seen by a network that did not learn from it.

    Raises:
        LookupError: networks or resized images are no longer in the store.
    """
    from strata.reports.exhibits import Exhibit, TileRow

    rows = []
    for heading, note, chosen in _chosen(scores, len(dataset.classes)):
        tiles = [_looked(one, target, dataset, store) for one in chosen]
        if tiles:
            rows.append(TileRow(heading, note, tiles))
    return Exhibit(
        "Where the network looks",
        "Each picture, and where its answer comes from: parts that speak for the class that it "
        "names are yellow (Grad-CAM, Selvaraju et al., ICCV 2017, at the last feature map).",
        rows,
    )


def _chosen(scores: "Scores", classes: int) -> "list[tuple[str, str, list[Judged]]]":
    """Images of three kinds, by heading and note."""
    from strata.reports.evaluation import evaluate
    from strata.reports.images import closest_calls, surest_hits, worst_mistakes

    found = evaluate(scores, "test", classes)
    return [
        ("Worst mistakes", "it names a wrong class", worst_mistakes(found, IMAGES)),
        ("Surest hits", "one of a class", surest_hits(found, IMAGES, each_class=1)),
        ("Closest calls", "nearly a tie", closest_calls(found, IMAGES)),
    ]


def _looked(one: "Judged", target: Target, dataset: Dataset, store: Store) -> "Tile":
    """The picture and its heat map side by side."""
    from strata.reports.exhibits import Tile

    fold, scores = next(part for part in target.folds if one.image in part[0].test.ids)
    _, fitted = prediction_path(scores)
    artifact = next(a for a in (store.read(n.key) for n in fitted) if "classifier" in a)
    row = _one(fold.test, one.image)
    pixels = _shards(sharded_input(without_search(scores)), store).rows("pixels", row)[0]
    known = artifact["classes"]
    heat = grad_cam(artifact["classifier"], pixels, known.index(one.predicted))
    named, true = dataset.classes[one.predicted], dataset.classes[one.true]
    said = named if one.true == one.predicted else f"{true} → {named}"
    return Tile(beside(pixels, heat), f"{one.image}, and where {named} comes from in it", said)


def _one(test: Subset, image: str) -> Subset:
    i = test.ids.index(image)
    return Subset((image,), (test.digests[i],), None, test.classes, test.seed)


def _shards(sharded: Any, store: Store) -> Shards:
    digests = [node.shard.digests for node in sharded.nodes]
    return Shards(digests, lambda number: store.read(sharded.nodes[number].key))


def grad_cam(classifier: Any, pixels: "np.ndarray", column: int) -> "np.ndarray":
    """What speaks for a class, by place of the last feature map: (h, w) float in [0, 1].

    The map's channels are summed, each weighted by the mean gradient of the class score with
    respect to it; what is negative counts as 0. Source: R. R. Selvaraju et al., "Grad-CAM:
    visual explanations from deep networks via gradient-based localization", ICCV 2017, eq. 1-2.

    Args:
        classifier: has `network()`, a torch module for (b, 3, side, side) in 0..255.
        pixels: (side, side, 3) uint8.
        column: of the class among the network's scores.

    Raises:
        LookupError: the network has no feature maps.
    """
    import torch

    network = classifier.network().eval()
    maps: list[torch.Tensor] = []

    def record(_module: Any, _inputs: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor) and output.ndim == 4 and min(output.shape[2:]) > 1:
            maps.append(output)

    hooks = [module.register_forward_hook(record) for module in network.modules()]
    try:
        batch = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float().requires_grad_()
        score = network(batch)[0, column]
    except RuntimeError:  # a perceptron on windows (`patch_mlp`) takes no whole image
        if maps:
            raise
    finally:
        for hook in hooks:
            hook.remove()
    if not maps:
        raise LookupError("the network has no feature maps to look at")
    (gradient,) = torch.autograd.grad(score, maps[-1])
    weights = gradient.mean((2, 3), keepdim=True)
    heat = (weights * maps[-1]).sum(1)[0].clamp(min=0)
    return (heat / heat.max().clamp(min=1e-12)).detach().numpy()


def beside(pixels: "np.ndarray", heat: "np.ndarray") -> "np.ndarray":
    """The picture, and in grey under its heat map (h, w) in [0, 1], smoothly enlarged."""
    import numpy as np
    from PIL import Image

    size = (SIDE, SIDE)
    picture = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
    grey = np.asarray(picture.convert("L"), np.float64)[..., None]
    map_ = Image.fromarray(heat.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    share = 0.75 * np.asarray(map_).clip(0, 1)[..., None]
    hot = np.array([255.0, 200.0, 0.0])
    lit = np.rint((1 - share) * (0.35 * grey + 40) + share * hot).astype(np.uint8)
    return np.concatenate([np.asarray(picture), lit], axis=1)
