"""Activation histograms over the epochs, as heat maps by layer."""

import base64

import numpy as np
from markupsafe import Markup

from strata.reports.page.pictures import png
from strata.reports.page.plots.svg import drawing, element
from strata.reports.statistics.convergence import History

HISTOGRAM = "activation_histogram/"
#: Range of the histograms' bins (see `docs/networks.md`); the outer bins are open-ended.
LOW, HIGH = -4.0, 6.0
#: Layers shown at most, evenly spaced from the first to the last.
LAYERS = 8
#: Size and margins of a layer's map, in pixels.
WIDTH, HEIGHT, LEFT, TOP = 260, 64, 28, 18
#: Fraction from which on the logarithmic color scale rises above zero.
FAINT = 0.001
#: Color scale of fractions from 0 to 1, dark to light.
_COLORS = np.array([[20, 12, 50], [90, 25, 110], [190, 55, 85], [245, 135, 40], [250, 250, 165]])


def histograms_by_epoch(histories: list[History]) -> dict[str, np.ndarray]:
    """Activation histograms (epochs, bins) of each layer, mean over the folds.

    Epochs without a histogram in any fold are left out.
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


def activation_maps_drawing(histories: list[History]) -> Markup | None:
    """Heat map per layer: activation over epoch, brighter is more frequent.

    Colors are on a logarithmic scale, because dead units pile up at zero and would hide the rest on
    a linear one. None if the history has no histograms of two epochs or more.
    """
    maps = {name: map_ for name, map_ in histograms_by_epoch(histories).items() if len(map_) > 1}
    if not maps:
        return None
    names = list(maps)
    shown = np.unique(np.linspace(0, len(names) - 1, min(LAYERS, len(names))).round().astype(int))
    parts: list[Markup] = []
    for row, number in enumerate(shown.tolist()):
        parts += _panel(names[number], maps[names[number]], row * (HEIGHT + TOP))
    floor = len(shown) * (HEIGHT + TOP)
    epochs = max(len(map_) for map_ in maps.values())
    for x, text, anchor in ((LEFT, "1", "start"), (LEFT + WIDTH, f"{epochs}", "end")):
        parts.append(element("text", text, class_="tick", x=x, y=floor + 14, text_anchor=anchor))
    middle = LEFT + WIDTH / 2
    parts.append(
        element("text", "epoch", class_="title", x=middle, y=floor + 14, text_anchor="middle")
    )
    width, height = LEFT + WIDTH + 4, floor + 20
    return drawing(
        width, height, parts, "Activation histograms by epoch and layer", ", ".join(names)
    )


def _panel(name: str, shares: np.ndarray, top: float) -> list[Markup]:
    """Heat map of one layer with its name and y axis."""
    address = f"data:image/png;base64,{base64.b64encode(png(colored(shares))).decode()}"
    y = top + TOP
    parts = [
        element("text", name, class_="label on", x=LEFT, y=y - 5),
        element(
            "image", href=address, x=LEFT, y=y, width=WIDTH, height=HEIGHT,
            preserveAspectRatio="none", class_="sharp",
        ),
    ]  # fmt: skip
    for value in (LOW, 0.0, HIGH):
        place = y + HEIGHT * (HIGH - value) / (HIGH - LOW)
        parts.append(
            element("text", f"{value:g}".replace("-", "−"), class_="tick", x=LEFT - 5, y=place + 4,
                    text_anchor="end")
        )  # fmt: skip
    return parts


def colored(shares: np.ndarray) -> np.ndarray:
    """Histograms (epochs, bins) as a picture (bins, epochs, 3) uint8, the highest bin on top."""
    bright = np.log1p(shares.T[::-1] / FAINT) / np.log1p(1 / FAINT)
    at = np.linspace(0, 1, len(_COLORS))
    channels = [np.interp(bright, at, _COLORS[:, c]) for c in range(3)]
    return np.rint(np.stack(channels, axis=2)).astype(np.uint8)
