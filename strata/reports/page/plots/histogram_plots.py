"""Histograms of a network's activations and parameters: over the epochs, and at the end."""

import base64
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from strata.reports.formatting import percent
from strata.reports.page.pictures import png
from strata.reports.page.plots.svg import CHARACTER, drawing, element
from strata.reports.statistics.convergence import History


class HistogramKind(NamedTuple):
    """Histograms of one quantity by layer.

    Attributes:
        key: of the history, before the layer's name.
        low, high: range of the bins, see `docs/networks.md`; the outer bins are open-ended.
        called: the quantity in captions.
        ticks: marked values.
    """

    key: str
    low: float
    high: float
    called: str
    ticks: tuple[float, ...]


KINDS = (
    HistogramKind("activation_histogram/", -4.0, 6.0, "Activation", (-4, -2, 0, 2, 4, 6)),
    HistogramKind("parameter_histogram/", -1.0, 1.0, "Parameter", (-1, -0.5, 0, 0.5, 1)),
)
#: Layers shown at most, evenly spaced from the first to the last.
LAYERS = 8
#: Size and margins of a layer's map, in pixels.
WIDTH, HEIGHT, LEFT, TOP = 260, 64, 32, 18
#: Size of a row of cells.
ROW_WIDTH, ROW_HEIGHT = 280, 18.0
#: Fraction from which on the logarithmic color scale rises above zero.
FAINT = 0.001
#: Color scale of fractions from 0 to 1, dark to light.
_COLORS = np.array([[20, 12, 50], [90, 25, 110], [190, 55, 85], [245, 135, 40], [250, 250, 165]])


def histogram_drawings(histories: list[History]) -> list[tuple[str, Markup]]:
    """(caption, drawing) of the histograms in the history: over the epochs, then at the end."""
    drawn = []
    for kind in KINDS:
        maps = histogram_maps(histories, kind)
        if maps is not None:
            drawn.append((f"{kind.called} histograms by epoch; brighter is more frequent", maps))
    for kind in KINDS:
        last = last_histograms(histories, kind)
        if last:
            caption = f"{kind.called} histograms by layer, last epoch; darker is more frequent"
            drawn.append((caption, _rows(last, kind)))
    return drawn


def histograms_by_epoch(histories: list[History], kind: HistogramKind) -> dict[str, np.ndarray]:
    """Histograms (epochs, bins) of each layer, mean over the folds.

    Epochs without a histogram in any fold are left out.
    """
    found: dict[str, dict[int, list[np.ndarray]]] = {}
    for history in histories:
        for number, epoch in enumerate(history):
            for key, value in epoch.items():
                if key.startswith(kind.key) and value is not None:
                    layer = found.setdefault(key.removeprefix(kind.key), {})
                    layer.setdefault(number, []).append(np.asarray(value, float))
    return {
        layer: np.array([np.mean(folds, axis=0) for _, folds in sorted(epochs.items())])
        for layer, epochs in found.items()
    }


def last_histograms(histories: list[History], kind: HistogramKind) -> dict[str, np.ndarray]:
    """Histogram (bins,) of each layer in its last recorded epoch, mean over folds."""
    found: dict[str, list[np.ndarray]] = {}
    for history in histories:
        last: dict[str, np.ndarray] = {}
        for epoch in history:
            for key, value in epoch.items():
                if key.startswith(kind.key) and value is not None:
                    last[key.removeprefix(kind.key)] = np.asarray(value, float)
        for layer, shares in last.items():
            found.setdefault(layer, []).append(shares)
    return {layer: np.mean(shares, axis=0) for layer, shares in found.items()}


def histogram_maps(histories: list[History], kind: HistogramKind) -> Markup | None:
    """Heat map per layer: value over epoch, brighter is more frequent.

    Colors are on a logarithmic scale, because dead units pile up at zero and would hide the rest on
    a linear one. None if the history has no histograms of two epochs or more.
    """
    found = histograms_by_epoch(histories, kind)
    maps = {name: map_ for name, map_ in found.items() if len(map_) > 1}
    if not maps:
        return None
    names = list(maps)
    shown = np.unique(np.linspace(0, len(names) - 1, min(LAYERS, len(names))).round().astype(int))
    parts: list[Markup] = []
    for row, number in enumerate(shown.tolist()):
        parts += _panel(names[number], maps[names[number]], row * (HEIGHT + TOP), kind)
    floor = len(shown) * (HEIGHT + TOP)
    epochs = max(len(map_) for map_ in maps.values())
    for x, text, anchor in ((LEFT, "1", "start"), (LEFT + WIDTH, f"{epochs}", "end")):
        parts.append(element("text", text, class_="tick", x=x, y=floor + 14, text_anchor=anchor))
    middle = LEFT + WIDTH / 2
    parts.append(
        element("text", "epoch", class_="title", x=middle, y=floor + 14, text_anchor="middle")
    )
    title = f"{kind.called} histograms by epoch and layer"
    return drawing(LEFT + WIDTH + 4, floor + 20, parts, title, ", ".join(names))


def _panel(name: str, shares: np.ndarray, top: float, kind: HistogramKind) -> list[Markup]:
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
    for value in (kind.low, 0.0, kind.high):
        place = y + HEIGHT * (kind.high - value) / (kind.high - kind.low)
        parts.append(
            element("text", _signed(value), class_="tick", x=LEFT - 5, y=place + 4,
                    text_anchor="end")
        )  # fmt: skip
    return parts


def colored(shares: np.ndarray) -> np.ndarray:
    """Histograms (epochs, bins) as a picture (bins, epochs, 3) uint8, the highest bin on top."""
    bright = np.log1p(shares.T[::-1] / FAINT) / np.log1p(1 / FAINT)
    at = np.linspace(0, 1, len(_COLORS))
    channels = [np.interp(bright, at, _COLORS[:, c]) for c in range(3)]
    return np.rint(np.stack(channels, axis=2)).astype(np.uint8)


def _rows(histograms: dict[str, np.ndarray], kind: HistogramKind) -> Markup:
    """A row of cells per layer, one per bin, shaded by the square root of its fraction."""
    bins = len(next(iter(histograms.values())))
    left = CHARACTER * max(map(len, histograms)) + 12
    wide = ROW_WIDTH / bins
    parts: list[Markup] = []
    for row, (layer, shares) in enumerate(histograms.items()):
        y = row * ROW_HEIGHT
        parts.append(element("text", layer, class_="tick", x=left - 6, y=y + 13, text_anchor="end"))
        for b, share in enumerate(shares):
            if share <= 0:
                continue
            shade = f"{max(0.05, min(1.0, float(share) ** 0.5)):.2f}"
            tip = element("title", f"{layer}: {percent(float(share))} %")
            parts.append(
                element("rect", tip, class_="cell correct", x=left + b * wide, y=y + 1,
                        width=wide, height=ROW_HEIGHT - 2, fill_opacity=shade)
            )  # fmt: skip
    floor = ROW_HEIGHT * len(histograms)
    for value in kind.ticks:
        x = left + ROW_WIDTH * (value - kind.low) / (kind.high - kind.low)
        parts.append(element("line", class_="axis", x1=x, x2=x, y1=floor, y2=floor + 4))
        parts.append(
            element("text", _signed(value), class_="tick", x=x, y=floor + 16, text_anchor="middle")
        )
    title = f"{kind.called} histograms by layer"
    return drawing(left + ROW_WIDTH + 10, floor + 20, parts, title, ", ".join(histograms))


def _signed(value: float) -> str:
    """Tick label with a proper minus."""
    return f"{value:g}".replace("-", "−")
