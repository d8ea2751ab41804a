"""Visualizations of a method: pictures of what it has learned or attends to. Plain dataclasses."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Panel:
    """One small picture of a visualization.

    Attributes:
        picture: uint8 (H, W, 3) RGB.
        alt: text alternative for screen readers.
        caption: a few words below it, or "".
        enlarged: upscale without interpolation, because single pixels matter (filters, grids).
    """

    picture: np.ndarray
    alt: str
    caption: str = ""
    enlarged: bool = False


@dataclass(frozen=True)
class PanelRow:
    """A row of panels with a heading and a note; either may be ""."""

    heading: str
    note: str
    panels: list[Panel]


@dataclass(frozen=True)
class Visualization:
    """A titled figure of several rows of panels; `note` explains how to read it."""

    title: str
    note: str
    rows: list[PanelRow]
