"""Network diagnostics over training: dead units, zeros, gradient norms, activations by layer."""

import numpy as np
from markupsafe import Markup

from strata.reports.formatting import percent
from strata.reports.page.plots.line_names import DASHES, LineName, column_width, name_lines
from strata.reports.page.plots.svg import Frame
from strata.reports.statistics.convergence import Curve, History, curves
from strata.reports.statistics.gradient_flow import VANISHING, ZERO, gradient_flow

DEAD, ZEROS, GRADIENT = "dead_units/", "zeros/", "gradient_norm/"
PRETRAINING = "pretraining/"
#: Top of the scale of shares at least, so that small ones can be told apart and look small.
LEAST_SHARE = 0.1
#: Layers drawn at most, evenly spaced from the first to the last.
LAYERS = 12
#: Statistics of a layer's activations, by key of the history, and their name on the page.
MOMENTS = {"activation_mean/": "mean", "activation_std/": "standard deviation"}


def diagnostics_drawings(histories: list[History]) -> list[tuple[str, Markup]]:
    """(caption, drawing) of each quantity by layer: dead units, zeros, gradients, moments."""
    drawn = []
    dead = _measured(histories, DEAD)
    if any(np.nanmax(curve.mean) > 0 for curve in dead):
        caption = f"Dead units by layer{_frozen(dead)}"
        drawn.append((caption, _by_layer(dead, "dead units %", share=True)))
    zeros = _measured(histories, ZEROS)
    if any(np.nanmax(curve.mean) > 0 for curve in zeros):
        caption = f"Activations at zero by layer{_frozen(zeros)}"
        drawn.append((caption, _by_layer(zeros, "zeros %", share=True)))
    gradients = _measured(histories, GRADIENT)
    if gradients:
        caption = f"Gradient norm by layer{_frozen(gradients)}"
        drawn.append((caption, _by_layer(gradients, "gradient norm", share=False)))
    ratio = _ratio_drawing(histories)
    if ratio is not None:
        drawn.append(("Gradient norm of the first layer over that of the last", ratio))
    for key, called in MOMENTS.items():
        moment = _measured(histories, key)
        if moment:
            caption = f"{called.capitalize()} of activations by layer{_frozen(moment)}"
            drawn.append((caption, _by_layer(moment, called, share=False)))
    return drawn


def pretraining_drawing(pretraining: list[dict[str, list[float]]]) -> Markup:
    """Reconstruction error of each pretrained layer by epoch, mean over folds."""
    histories = [
        [
            {f"{PRETRAINING}{layer}": errors[epoch] for layer, errors in fold.items()}
            for epoch in range(min(map(len, fold.values())))
        ]
        for fold in pretraining
    ]
    return _by_layer(_measured(histories, PRETRAINING), "reconstruction error", share=False)


def _ratio_drawing(histories: list[History]) -> Markup | None:
    """Ratio of gradient norms by epoch on a log scale, one line per fold; None without norms."""
    flows = [flow for flow in map(gradient_flow, histories) if flow]
    if not flows:
        return None
    logs = [np.log10(np.maximum(flow.ratio, ZERO)) for flow in flows]
    sign = float(np.log10(VANISHING))
    low = np.floor(min(sign, *(float(log.min()) for log in logs)))
    high = np.ceil(max(0.5, *(float(log.max()) for log in logs)))
    last = max(float(flow.epochs.max()) for flow in flows)
    frame = Frame((0.0, last), (float(low), float(high)), 340, 270, left=56, top=26)
    frame.axes("epoch", "ratio (log scale)", lambda v: f"{v:g}", lambda v: f"{10**v:g}",
               y_ticks=np.arange(low, high + 1).tolist())  # fmt: skip
    frame.line([0.0, last], [sign, sign], "reference")
    frame.add("text", "vanishing below", class_="label", x=frame.x(last), y=frame.y(sign) - 6,
              text_anchor="end")  # fmt: skip
    for flow, log in zip(flows, logs, strict=True):
        frame.line(flow.epochs, log, "thin" if len(flows) > 1 else "line")
    if len({flow.epochs.tobytes() for flow in flows}) == 1 and len(flows) > 1:
        frame.line(flows[0].epochs, np.mean(logs, axis=0), "line")
    title = f"Gradient norm of {flows[0].first} over that of {flows[0].last} by epoch"
    return frame.render(title)


def _measured(histories: list[History], name: str) -> list[Curve]:
    """Curves of a quantity by layer that have a finite value in some epoch, in the layers' order.

    That is the order of the epoch that has most of them: while layers are frozen, it has few.
    """
    epochs = [epoch for history in histories for epoch in history]
    recorded = [[key for key in epoch if key.startswith(name)] for epoch in epochs]
    fullest: list[str] = max(recorded, key=len, default=[])
    order = {key: place for place, key in enumerate(fullest)}
    found = [curve for curve in curves(histories, name) if np.isfinite(curve.mean).any()]
    return sorted(found, key=lambda curve: order.get(curve.key, len(order)))


def _frozen(found: list[Curve]) -> str:
    """Words for the caption where lines begin later than others; "" elsewhere."""
    firsts = {float(curve.epochs[np.isfinite(curve.mean)][0]) for curve in found}
    return "; lines that begin later are of layers that were frozen until then" * (len(firsts) > 1)


def _layer(curve: Curve) -> str:
    """Name of the layer in a history key."""
    return curve.key.partition("/")[2]


def _by_layer(found: list[Curve], title: str, *, share: bool) -> Markup:
    """One line per layer, first (blue) and last (red) emphasized, all named; from 0, for shares."""
    shown = np.linspace(0, len(found) - 1, min(LAYERS, len(found))).round().astype(int)
    found = [found[i] for i in shown]
    values = np.concatenate([curve.mean for curve in found])
    values = values[np.isfinite(values)]
    high = 1.05 * float(np.percentile(values, 99)) if values.size else 1.0
    if share:
        most = float(values.max())
        high = 1.0 if most > 0.5 else max(LEAST_SHARE, 1.05 * most)
    low = 0.0 if share else min(0.0, 1.05 * float(np.percentile(values, 1)) if values.size else 0.0)
    right = column_width([_layer(curve) for curve in found])
    last = max(float(curve.epochs.max()) for curve in found)
    high = high if high > low else low + 1.0
    frame = Frame((0.0, last), (low, high), 240 + right, 270, right=right, top=26)
    frame.axes("epoch", title, lambda v: f"{v:g}",
               (lambda v: percent(v, 0)) if share else (lambda v: f"{v:.3g}"))  # fmt: skip
    known = [np.isfinite(curve.mean) for curve in found]
    lines = [np.clip(c.mean[k], low, high) for c, k in zip(found, known, strict=True)]
    named = []
    for i, (curve, there, line) in enumerate(zip(found, known, lines, strict=True)):
        ends = i in (0, len(found) - 1)
        thin = f"thin named {DASHES[i % len(DASHES)]}".rstrip()
        style = "line" if i == 0 else "line warm" if i == len(found) - 1 else thin
        frame.line(curve.epochs[there], line, style)
        label, end = "label on" if ends else "label", float(curve.epochs[there][-1])
        named.append(LineName(_layer(curve), style, label, (end, float(line[-1]))))
    name_lines(frame, named)
    return frame.render(f"{title} by epoch and layer", ", ".join(map(_layer, found)))
