"""Pictures that show what a method has learned or looks at. Plain data."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Panel:
    """One small picture of an exhibit.

    Attributes:
        picture: uint8 (H, W, 3) RGB.
        says: what is to be seen, for those who cannot see it.
        caption: a few words below it, or "".
        enlarged: its pixels mean something each: scale it up without smoothing.
    """

    picture: np.ndarray
    says: str
    caption: str = ""
    enlarged: bool = False


@dataclass(frozen=True)
class TileRow:
    """Tiles that belong together, with a heading and a note; either may be ""."""

    heading: str
    note: str
    tiles: list[Panel]


@dataclass(frozen=True)
class Visualization:
    """What a method has learned or looks at, in pictures. `note` says how to read them."""

    title: str
    note: str
    rows: list[TileRow]
