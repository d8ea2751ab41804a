"""Explanations of single predictions, for a page. Plain dataclasses."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class ExplainedBranch:
    """Evidence of one branch of a method.

    Attributes:
        title: of the branch and the evidence.
        picture: uint8 (H, W, 3), a map over the image; None if the evidence has no places.
        signed: True if the map has evidence for and against the class.
        partly_seen: True if the method does not look at all of the image.
        total: score that the map and `offset` sum to; None if they sum to no score.
        neighbors: names of training images, their shares of the score, and a picture uint8
            (h, w, 3) of each that can be read.
        note: one or two sentences.
    """

    title: str
    picture: np.ndarray | None = None
    signed: bool = False
    partly_seen: bool = False
    total: float | None = None
    offset: float = 0.0
    neighbors: list[tuple[str, float, np.ndarray | None]] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class ExplainedClass:
    """Evidence for one class in an image.

    Attributes:
        name: of the class.
        rank: among all classes, from 1; the same of classes of the same score.
        value: probability, or score where the method gives no probabilities.
        tied: names of the other classes of the same score.
    """

    name: str
    rank: int
    value: float
    branches: list[ExplainedBranch]
    tied: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ExplainedImage:
    """An image with the evidence for some classes.

    Attributes:
        name: of its file.
        picture: uint8 (H, W, 3).
        classes: the predicted one first.
        probabilities: True if values of classes are probabilities.
        note: what is odd about the image, or "".
    """

    name: str
    picture: np.ndarray
    classes: list[ExplainedClass]
    probabilities: bool = True
    note: str = ""
