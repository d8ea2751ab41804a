"""Learning-rate range test: loss over the learning rates tried."""

from typing import Any

import numpy as np
from markupsafe import Markup

from strata.reports.page.plots.svg import Frame, element


def lr_finder_drawing(tests: list[dict[str, Any]]) -> Markup | None:
    """Loss over the learning rate (log scale), one line per fold, with a dot at the suggested rate.

    The test is Smith's (2017); the suggestion is the rate at which the loss falls most steeply.
    Losses above 1.5 times the initial one are clipped, so that divergence at the end does not
    flatten the curve.

    Args:
        tests: as `MethodResult.lr_curves`.
    """
    shown = [s for s in tests if len(s["lrs"]) > 1]
    if not shown:
        return None
    lrs = np.concatenate([s["lrs"] for s in shown])
    losses = np.concatenate([s["losses"] for s in shown])
    start = max(s["losses"][0] for s in shown)
    low, high = float(losses.min()), min(float(losses.max()), 1.5 * start)
    room = 0.05 * (high - low) or 0.5
    frame = Frame(
        (float(lrs.min()), float(lrs.max())),
        (max(0.0, low - room), high + room),
        width=320,
        height=270,
        top=26,
        log_x=True,
    )
    frame.axes("learning rate", "loss", lambda v: f"{v:g}", lambda v: f"{v:.3g}")
    for s in shown:
        frame.line(s["lrs"], np.minimum(s["losses"], high), "thin" if len(shown) > 1 else "line")
    for s in shown:
        nearest = int(np.abs(np.log(np.divide(s["lrs"], s["suggestion"]))).argmin())
        loss = min(s["losses"][nearest], high)
        tip = element("title", f"{s['suggestion']:.2g}")
        frame.add("circle", tip, class_="dot on", cx=frame.x(s["suggestion"]), cy=frame.y(loss),
                  r=4)  # fmt: skip
    suggested = [s["suggestion"] for s in shown]
    text = f"{min(suggested):.2g}" + (f" to {max(suggested):.2g}" if len(suggested) > 1 else "")
    frame.add("text", f"suggested: {text}", class_="label on", x=frame.width - frame.right, y=13,
              text_anchor="end")  # fmt: skip
    return frame.render("Learning-rate range test", f"Suggested: {text}")
