"""Explanation of one image's score for one class by one branch of a method."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

#: Grad-CAM of a network; gradient times input of a perceptron; exact contributions of local
#: descriptors; contributions of a grid's cells; shares of training images.
Kind = Literal["grad-cam", "gradient", "contributions", "cells", "neighbors"]


#: Kinds of explanations whose maps are not negative.
UNSIGNED = ("grad-cam",)


@dataclass(frozen=True)
class Explanation:
    """Evidence for one class in one image, by place or by training image.

    Attributes:
        kind: of the evidence. Maps of "grad-cam" are not negative and on no scale; those of the
            others are signed, and those of "contributions" and "cells" in units of the score.
        title: names the branch of the method and the evidence.
        map: (h, w) float32, evidence over the whole original image as the user sees it, at any
            resolution, 0 where there is none; NaN where the method does not look (outside of a
            center crop); None if the evidence has no places.
        total: the score that `map` (its NaN left out) and `offset`, or the neighbors' shares,
            sum to; None if they sum to no score.
        offset: part of the score that no place has, such as the bias.
        neighbors: training images (ids) with their shares of the score, largest first.
        note: a sentence on what is shown, or on why nothing is.
    """

    kind: Kind
    title: str
    map: np.ndarray | None = None
    total: float | None = None
    offset: float = 0.0
    neighbors: list[tuple[str, float]] = field(default_factory=list)
    note: str = ""
