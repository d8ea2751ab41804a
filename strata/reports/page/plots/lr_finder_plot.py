"""What a learning-rate finder saw."""

from typing import Any

import numpy as np
from markupsafe import Markup

from strata.reports.page.plots.svg import Frame, element


def rate_drawing(searches: list[dict[str, Any]]) -> Markup | None:
    """Loss over the logarithm of the rate, a line a fold, with a dot where each fold's rate lies.

    The suggestion is where the loss falls most steeply (Smith 2017); what lies far above the
    losses at the start is cut off, so that a burst at the end does not flatten the rest.

    Args:
        searches: as `Method.rate_searches`.
    """
    seen = [s for s in searches if len(s["rates"]) > 1]
    if not seen:
        return None
    rates = np.concatenate([s["rates"] for s in seen])
    losses = np.concatenate([s["losses"] for s in seen])
    start = max(s["losses"][0] for s in seen)
    low, high = float(losses.min()), min(float(losses.max()), 1.5 * start)
    room = 0.05 * (high - low) or 0.5
    frame = Frame(
        (float(rates.min()), float(rates.max())),
        (max(0.0, low - room), high + room),
        width=320,
        height=270,
        top=26,
        log_x=True,
    )
    frame.axes("learning rate", "loss", lambda v: f"{v:g}", lambda v: f"{v:.3g}")
    for s in seen:
        frame.line(s["rates"], np.minimum(s["losses"], high), "thin" if len(seen) > 1 else "line")
    for s in seen:
        nearest = int(np.abs(np.log(np.divide(s["rates"], s["suggestion"]))).argmin())
        loss = min(s["losses"][nearest], high)
        tip = element("title", f"{s['suggestion']:.2g}")
        frame.add("circle", tip, class_="dot on", cx=frame.x(s["suggestion"]), cy=frame.y(loss),
                  r=4)  # fmt: skip
    taken = [s["suggestion"] for s in seen]
    said = f"{min(taken):.2g}" + (f" to {max(taken):.2g}" if len(taken) > 1 else "")
    frame.add("text", f"taken: {said}", class_="label on", x=frame.width - frame.right, y=11,
              text_anchor="end")  # fmt: skip
    return frame.render("Search for the learning rate", f"Taken: {said}")
