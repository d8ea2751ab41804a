"""Activations of a network's layers over its training: histograms by epoch, as colors."""

import base64

import numpy as np
from markupsafe import Markup

from strata.reports.page.pictures import png
from strata.reports.page.plots.svg import drawing, element
from strata.reports.statistics.convergence import History

HISTOGRAM = "activation_histogram/"
#: Ends of the histograms' bins, as `docs/networks.md` has them; the outer ones hold all beyond.
LOW, HIGH = -4.0, 6.0
#: Layers shown at most: the first, the last, and some between.
LAYERS = 8
#: Of the drawing, pixels: of a layer's map and its place.
WIDE, TALL, LEFT, TOP = 260, 64, 28, 18
#: A share this small is the first that can be told from none.
FAINT = 0.001
#: Colors of shares from none to all, dark to light.
_COLORS = np.array([[20, 12, 50], [90, 25, 110], [190, 55, 85], [245, 135, 40], [250, 250, 165]])


def spread_by_epoch(histories: list[History]) -> dict[str, np.ndarray]:
    """For each layer the shares (epochs, bins) of its activations, mean over the folds.

    An epoch of which no fold tells is left out.
    """
    found: dict[str, dict[int, list[np.ndarray]]] = {}
    for history in histories:
        for number, epoch in enumerate(history):
            for key, value in epoch.items():
                if key.startswith(HISTOGRAM) and value is not None:
                    layer = found.setdefault(key.removeprefix(HISTOGRAM), {})
                    layer.setdefault(number, []).append(np.asarray(value, float))
    return {
        layer: np.array([np.mean(folds, axis=0) for _, folds in sorted(epochs.items())])
        for layer, epochs in found.items()
    }


def spread_drawing(histories: list[History]) -> Markup | None:
    """A map a layer: epochs to the right, activations upwards, brighter where there are more.

    The color is by the logarithm of the share: what a layer's dead units pile up at zero would
    hide all the rest. None where the history tells of no activations over time.
    """
    spread = {name: map_ for name, map_ in spread_by_epoch(histories).items() if len(map_) > 1}
    if not spread:
        return None
    names = list(spread)
    shown = np.unique(np.linspace(0, len(names) - 1, min(LAYERS, len(names))).round().astype(int))
    parts: list[Markup] = []
    for row, number in enumerate(shown.tolist()):
        parts += _panel(names[number], spread[names[number]], row * (TALL + TOP))
    floor = len(shown) * (TALL + TOP)
    epochs = max(len(map_) for map_ in spread.values())
    for x, text, anchor in ((LEFT, "1", "start"), (LEFT + WIDE, f"{epochs}", "end")):
        parts.append(element("text", text, class_="tick", x=x, y=floor + 14, text_anchor=anchor))
    middle = LEFT + WIDE / 2
    parts.append(
        element("text", "epoch", class_="title", x=middle, y=floor + 14, text_anchor="middle")
    )
    width, height = LEFT + WIDE + 4, floor + 20
    return drawing(width, height, parts, "Activations by epoch and layer", ", ".join(names))


def _panel(name: str, shares: np.ndarray, top: float) -> list[Markup]:
    address = f"data:image/png;base64,{base64.b64encode(png(colored(shares))).decode()}"
    y = top + TOP
    parts = [
        element("text", name, class_="label on", x=LEFT, y=y - 5),
        element(
            "image", href=address, x=LEFT, y=y, width=WIDE, height=TALL,
            preserveAspectRatio="none", class_="sharp",
        ),
    ]  # fmt: skip
    for value in (LOW, 0.0, HIGH):
        place = y + TALL * (HIGH - value) / (HIGH - LOW)
        parts.append(
            element("text", f"{value:g}".replace("-", "−"), class_="tick", x=LEFT - 5, y=place + 4,
                    text_anchor="end")
        )  # fmt: skip
    return parts


def colored(shares: np.ndarray) -> np.ndarray:
    """Shares (epochs, bins) as a picture (bins, epochs, 3) uint8, the highest bin on top."""
    bright = np.log1p(shares.T[::-1] / FAINT) / np.log1p(1 / FAINT)
    at = np.linspace(0, 1, len(_COLORS))
    channels = [np.interp(bright, at, _COLORS[:, c]) for c in range(3)]
    return np.rint(np.stack(channels, axis=2)).astype(np.uint8)
