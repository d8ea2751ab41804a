"""Network diagnostics over training: dead units, gradient norms, activation statistics by layer."""

import numpy as np
from markupsafe import Markup

from strata.reports.formatting import percent
from strata.reports.page.plots.activation_plots import HIGH, HISTOGRAM, LOW, activation_maps_drawing
from strata.reports.page.plots.svg import CHARACTER, Frame, drawing, element
from strata.reports.statistics.convergence import Curve, History, curves

DEAD, GRADIENT = "dead_units/", "gradient_norm/"
#: Statistics of a layer's activations, by key of the history, and their name on the page.
MOMENTS = {"activation_mean/": "mean", "activation_std/": "standard deviation"}


def diagnostics_drawings(histories: list[History]) -> list[tuple[str, Markup]]:
    """(caption, drawing) of the diagnostics in the history: dead units, gradients, activations."""
    drawn = []
    dead = curves(histories, DEAD)
    if any(np.nanmax(curve.mean, initial=0.0) > 0 for curve in dead):
        drawn.append(("Dead units by layer", _by_layer(dead, "dead units %", share=True)))
    gradients = curves(histories, GRADIENT)
    if gradients:
        drawn.append(("Gradient norm by layer", _by_layer(gradients, "gradient norm", share=False)))
    for key, called in MOMENTS.items():
        moment = curves(histories, key)
        if moment:
            caption = f"{called.capitalize()} of activations by layer"
            drawn.append((caption, _by_layer(moment, called, share=False)))
    maps = activation_maps_drawing(histories)
    if maps is not None:
        drawn.append(("Activation histograms by epoch; brighter is more frequent", maps))
    histograms = last_histograms(histories)
    if histograms:
        drawn.append(
            (
                "Activation histograms by layer, last epoch; darker is more frequent",
                _histogram_rows(histograms),
            )
        )
    return drawn


def last_histograms(histories: list[History]) -> dict[str, np.ndarray]:
    """Activation histogram (bins,) of each layer in its last recorded epoch, mean over folds."""
    found: dict[str, list[np.ndarray]] = {}
    for history in histories:
        last: dict[str, np.ndarray] = {}
        for epoch in history:
            for key, value in epoch.items():
                if key.startswith(HISTOGRAM) and value is not None:
                    last[key.removeprefix(HISTOGRAM)] = np.asarray(value, float)
        for layer, shares in last.items():
            found.setdefault(layer, []).append(shares)
    return {layer: np.mean(shares, axis=0) for layer, shares in found.items()}


def _layer(curve: Curve) -> str:
    """Name of the layer in a history key."""
    return curve.key.partition("/")[2]


def _by_layer(found: list[Curve], title: str, *, share: bool) -> Markup:
    """One line per layer, first (blue) and last (red) emphasized, all labeled."""
    values = np.concatenate([curve.mean for curve in found])
    values = values[np.isfinite(values)]
    high = 1.0 if share else 1.05 * float(np.percentile(values, 99)) if values.size else 1.0
    low = 0.0 if share else min(0.0, 1.05 * float(np.percentile(values, 1)) if values.size else 0.0)
    right = CHARACTER * max(len(_layer(curve)) for curve in found) + 14
    last = max(float(curve.epochs.max()) for curve in found)
    high = high if high > low else low + 1.0
    frame = Frame((0.0, last), (low, high), 320 + right, 270, right=right, top=26)
    frame.axes("epoch", title, lambda v: f"{v:g}",
               (lambda v: percent(v, 0)) if share else (lambda v: f"{v:.3g}"))  # fmt: skip
    taken: list[float] = []
    for i, curve in enumerate(found):
        there = np.isfinite(curve.mean)
        if not there.any():
            continue
        line = np.clip(curve.mean[there], low, high)
        ends = i in (0, len(found) - 1)
        style = "line" if i == 0 else "line warm" if i == len(found) - 1 else "thin"
        frame.line(curve.epochs[there], line, style)
        y = frame.y(float(line[-1])) + 4
        while any(abs(y - other) < 12 for other in taken):
            y -= 12
        taken.append(y)
        frame.add("text", _layer(curve), class_="label on" if ends else "label",
                  x=frame.width - right + 6, y=y)  # fmt: skip
    return frame.render(f"{title} by epoch and layer", ", ".join(map(_layer, found)))


def _histogram_rows(histograms: dict[str, np.ndarray]) -> Markup:
    """A row of cells per layer, one per bin, shaded by the square root of its fraction."""
    bins = len(next(iter(histograms.values())))
    left = CHARACTER * max(map(len, histograms)) + 12
    wide, high = 280 / bins, 18.0
    parts: list[Markup] = []
    for row, (layer, shares) in enumerate(histograms.items()):
        y = row * high
        parts.append(element("text", layer, class_="tick", x=left - 6, y=y + 13, text_anchor="end"))
        for b, share in enumerate(shares):
            if share <= 0:
                continue
            shade = f"{max(0.05, min(1.0, float(share) ** 0.5)):.2f}"
            tip = element("title", f"{layer}: {percent(float(share))} %")
            parts.append(
                element("rect", tip, class_="cell correct", x=left + b * wide, y=y + 1,
                        width=wide, height=high - 2, fill_opacity=shade)
            )  # fmt: skip
    floor = high * len(histograms)
    for value in range(int(LOW), int(HIGH) + 1, 2):
        x = left + 280 * (value - LOW) / (HIGH - LOW)
        parts.append(element("line", class_="axis", x1=x, x2=x, y1=floor, y2=floor + 4))
        parts.append(
            element("text", f"{value}".replace("-", "−"), class_="tick", x=x, y=floor + 16,
                    text_anchor="middle")
        )  # fmt: skip
    return drawing(
        left + 290, floor + 20, parts, "Activation histograms by layer", ", ".join(histograms)
    )
