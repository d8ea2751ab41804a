"""Architectural styles: materials, proportions of floors and windows."""

from dataclasses import dataclass

import numpy as np

from strata.scenes.elements.light import jitter, rgb
from strata.scenes.elements.trees import pick

Array = np.ndarray

# Palettes of materials: albedos in RGB.
PLASTER = [rgb(0.82, 0.76, 0.64), rgb(0.86, 0.82, 0.76), rgb(0.76, 0.6, 0.44), rgb(0.7, 0.66, 0.6)]
BRICK = [rgb(0.52, 0.27, 0.2), rgb(0.6, 0.38, 0.28), rgb(0.44, 0.24, 0.2)]
STONE = [rgb(0.66, 0.61, 0.53), rgb(0.56, 0.54, 0.5), rgb(0.74, 0.7, 0.62)]
PAINTED = [rgb(0.45, 0.58, 0.66), rgb(0.8, 0.62, 0.3), rgb(0.72, 0.4, 0.34), rgb(0.5, 0.6, 0.46)]
CONCRETE = [rgb(0.58, 0.57, 0.55), rgb(0.72, 0.7, 0.68), rgb(0.46, 0.45, 0.44)]
STEEL = [rgb(0.3, 0.34, 0.38), rgb(0.2, 0.22, 0.25), rgb(0.5, 0.52, 0.54), rgb(0.4, 0.32, 0.24)]
GLASS = [rgb(0.1, 0.14, 0.18), rgb(0.16, 0.26, 0.34), rgb(0.22, 0.3, 0.32), rgb(0.12, 0.1, 0.08)]


@dataclass(frozen=True)
class Style:
    """Style of a building.

    Attributes:
        wall, glass, frame: albedos (3,).
        story, bay: height of a floor and width of a bay, in meters.
        wide, tall: width and height of a window, as fractions of its bay and floor.
        bands, piers: relative brightening of the wall between floors and between bays.
        courses: draw courses of bricks.
        balconies: fraction of the floors with railings.
        shops: the ground floor has shops.
    """

    wall: Array
    glass: Array
    story: float
    bay: float
    wide: float
    tall: float
    frame: Array
    bands: float
    piers: float
    courses: bool
    balconies: float
    shops: bool

    @property
    def ground(self) -> float:
        """Height of the floor with shops in meters; 0 without shops."""
        return 1.25 * self.story if self.shops else 0.0


def house_style(rng: np.random.Generator) -> Style:
    """Draw the style of a town house: plaster, brick or stone, with punched windows."""
    walls = [PLASTER, PLASTER, BRICK, STONE, PAINTED, CONCRETE][int(rng.integers(6))]
    return Style(
        wall=pick(rng, walls),
        glass=pick(rng, GLASS),
        story=rng.uniform(2.8, 4.2),
        bay=rng.uniform(2.0, 4.2),
        wide=rng.uniform(0.3, 0.65),
        tall=rng.uniform(0.45, 0.72),
        frame=jitter(rng, rgb(0.9, 0.9, 0.88) if rng.random() < 0.7 else rgb(0.25, 0.2, 0.16)),
        bands=rng.uniform(-0.3, 0.4) * (rng.random() < 0.6),
        piers=rng.uniform(-0.2, 0.3) * (rng.random() < 0.4),
        courses=walls is BRICK,
        balconies=rng.uniform(0.1, 0.7) * (rng.random() < 0.3),
        shops=rng.random() < 0.55,
    )


def tower_style(rng: np.random.Generator) -> Style:
    """Draw the style of an office or apartment tower: grid, ribbons, fins, or curtain wall."""
    kind = rng.choice(["grid", "ribbon", "fins", "glass"], p=[0.4, 0.2, 0.2, 0.2])
    wide, tall = {
        "grid": (rng.uniform(0.4, 0.75), rng.uniform(0.45, 0.75)),
        "ribbon": (1.0, rng.uniform(0.35, 0.6)),
        "fins": (rng.uniform(0.4, 0.75), 1.0),
        "glass": (0.94, 0.9),
    }[str(kind)]
    walls = STEEL if kind == "glass" else [CONCRETE, STONE, STEEL, BRICK][int(rng.integers(4))]
    return Style(
        wall=pick(rng, walls),
        glass=pick(rng, GLASS),
        story=rng.uniform(3.2, 4.5),
        bay=rng.uniform(1.6, 4.5),
        wide=wide,
        tall=tall,
        frame=pick(rng, STEEL),
        bands=rng.uniform(-0.3, 0.3) * (rng.random() < 0.4),
        piers=rng.uniform(-0.4, 0.4) * (rng.random() < 0.5),
        courses=False,
        balconies=rng.uniform(0.3, 1.0) * (rng.random() < 0.15),
        shops=False,
    )
