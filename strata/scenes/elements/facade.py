"""Facades of houses and towers, drawn flat as a grid of floors and bays.

A facade repeats along two axes, so each part is the outer product of a vertical and a horizontal
pattern; properties of single windows are looked up by floor and bay.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from strata.scenes.elements.light import Light, rgb
from strata.scenes.elements.noise import texture
from strata.scenes.elements.style import GLASS, Style
from strata.scenes.elements.trees import pick

Array = np.ndarray

#: Colors of shop signs, of lamps behind windows, of lettering.
SIGNS = [rgb(0.6, 0.1, 0.1), rgb(0.1, 0.25, 0.5), rgb(0.1, 0.35, 0.2), rgb(0.8, 0.6, 0.1)]
LAMPS = [rgb(1.0, 0.8, 0.45), rgb(0.9, 0.9, 0.8), rgb(1, 0.65, 0.3)]
WRITING = rgb(0.95, 0.93, 0.85)


def _pulse(phase: Array, low: float, high: float, edge: float) -> Array:
    """Rectangular pulse: 1 where `phase` is in (low, high), with ramps of width `edge`."""
    inside = np.minimum(phase - low, high - phase) * (1 / edge) + 0.5
    return np.minimum(np.maximum(inside, 0), 1)


@dataclass(frozen=True)
class _FacadeGrid:
    """Floor and bay coordinates of a facade's pixels; rows are (height, 1), columns (1, width).

    Attributes:
        floors, bays: numbers of floors and bays.
        each: index arrays that expand (floors, bays) values to every pixel.
        up: meters above the street, rows.
        high: fraction of the facade's height, rows.
        v: vertical position within the floor, 0 at its bottom to 1, rows.
        u: horizontal position within the bay, 0 to 1, columns.
        thin: size of a pixel as a fraction of the height.
        ev, eu: size of a pixel as a fraction of a floor and of a bay.
        upper: 1 on the floors with windows, above the shops and below the cornice; rows.
    """

    floors: int
    bays: int
    each: tuple[Array, Array]
    up: Array
    high: Array
    v: Array
    u: Array
    thin: float
    ev: float
    eu: float
    upper: Array


def _facade_grid(style: Style, width: float, height: float, shape: tuple[int, int]) -> _FacadeGrid:
    """Lay out floors and bays on a facade of (width, height) meters and `shape` pixels."""
    base = style.ground
    floors = max(1, round((height - base - 0.6) / style.story))
    bays = max(1, round(width / style.bay))
    up = (1 - (np.arange(shape[0], dtype=np.float32)[:, None] + 0.5) / shape[0]) * height
    story = max((height - base) * 0.96, 0.5) / floors
    level = np.clip((up - base) / story, 0, floors - 0.01)
    across = (np.arange(shape[1], dtype=np.float32)[None, :] + 0.5) / shape[1] * bays
    return _FacadeGrid(
        floors=floors,
        bays=bays,
        each=(level.astype(int), np.minimum(across.astype(int), bays - 1)),
        up=up,
        high=up / height,
        v=level % 1,
        u=across % 1,
        thin=1 / shape[0],
        ev=max(height / story / shape[0], 0.02),
        eu=max(bays / shape[1], 0.02),
        upper=((up > base) & (up < height * 0.95)).astype(np.float32),
    )


def front(
    rng: np.random.Generator,
    light: Light,
    style: Style,
    size: tuple[float, float],
    pixels: tuple[int, int],
    facing: float,
) -> Array:
    """Draw a facade seen head-on.

    Args:
        rng: random generator; one number is drawn from it at every resolution.
        light: light of the picture.
        style: style of the building.
        size: (width, height) in meters.
        pixels: (width, height) of the image in pixels.
        facing: cosine of the angle between the facade's normal and the sun.

    Returns:
        Shaded image, (height, width, 3) float32.
    """
    own = np.random.default_rng(rng.integers(1 << 62))
    width, height = float(size[0]), float(size[1])
    shape = (pixels[1], pixels[0])
    grid = _facade_grid(style, width, height, shape)
    grime = texture(own, shape, cells=3, gain=0.7)
    wall = _wall(grid, style) + 0.1 * grime
    hole, pane, sill = _windows(grid, style)
    wall += 0.25 * sill
    railed = (own.random(grid.floors) < style.balconies)[grid.each[0]]
    dim = 1 - 0.75 * railed * _pulse(grid.v, 0.02, 0.3, grid.ev) * (hole.max(axis=0) > 0)
    glass = _glass(own, grid, style, light, grime)
    lit = light.ambient + light.direct * max(facing, 0.0)
    planes = []
    for k in range(3):
        plane = wall * float(style.wall[k] * lit[k])
        plane += (float(style.frame[k] * lit[k]) - plane) * hole
        plane += (glass[k] - plane) * pane
        planes.append((plane * dim).astype(np.float32))
    image = cv2.merge(planes)
    shops = int(np.count_nonzero(grid.up < style.ground))
    count = max(1, round(width / own.uniform(4, 8)))
    if shops > 3:
        for part in np.array_split(image[-shops:], count, axis=1):
            _shop(own, part, light, lit)
    return image


def _wall(grid: _FacadeGrid, style: Style) -> Array:
    """Relative brightness of the wall: grime below, cornice, bands, piers, courses of bricks."""
    down = 1 - 0.12 * np.maximum(0, 1 - grid.up / 4)
    down += 0.25 * _pulse(grid.high, 0.965, 1.1, grid.thin)
    down -= 0.3 * _pulse(grid.high, 0.945, 0.965, grid.thin)
    down += style.bands * _pulse(grid.v, -0.1, 0.08, grid.ev)
    if style.courses and grid.ev * style.story < 0.25:
        down += 0.12 * (np.floor(grid.up / 0.25) % 2)
    return down + style.piers * _pulse(grid.u, -0.1, 0.09, grid.eu)


def _windows(grid: _FacadeGrid, style: Style) -> tuple[Array, Array, Array]:
    """Masks of the window openings, of the glass in them, and of the sills."""
    top, left = 0.54 + style.tall / 2, 0.5 - style.wide / 2
    low, right = top - style.tall, left + style.wide
    v, u, ev, eu = grid.v, grid.u, grid.ev, grid.eu
    hole = grid.upper * _pulse(v, low, top, ev) * _pulse(u, left, right, eu)
    if style.wide > 0.9 or style.tall > 0.9:  # ribbon windows, fins, curtain walls
        return hole, hole, np.zeros_like(hole)
    halves = _pulse(u, left + 0.06, 0.48, eu) + _pulse(u, 0.52, right - 0.06, eu)
    pane = grid.upper * _pulse(v, low + 0.06, top - 0.06, ev) * halves
    sill = grid.upper * _pulse(v, low - 0.06, low, ev) * _pulse(u, left - 0.04, right + 0.04, eu)
    return hole, pane, sill


def _glass(
    rng: np.random.Generator, grid: _FacadeGrid, style: Style, light: Light, grime: Array
) -> list[Array]:
    """Color planes of the glass: reflected sky, curtains, lamps at night."""
    windows = (grid.floors, grid.bays)
    shine = rng.random(windows, dtype=np.float32)
    drawn = (rng.random(windows) < 0.3).astype(np.float32)
    on = (rng.random(windows) < 0.15 + 0.4 * light.night) * (0.4 + 0.6 * shine)
    warm = pick(rng, LAMPS)
    reflect = (0.1 + 0.5 * shine * shine)[grid.each] + 0.25 * (grid.v - 0.5) + 0.15 * grime
    shadow = _pulse(grid.v, 0.44 + style.tall / 2, 0.56 + style.tall / 2, grid.ev)
    reflect = np.minimum(np.maximum(reflect, 0), 0.9) * (1 - 0.35 * shadow)
    curtain = 0.35 * drawn[grid.each] * (grid.v > 0.5)
    lamps = on.astype(np.float32)[grid.each] if light.night > 0.3 else None
    planes = []
    for k in range(3):
        inside = float(light.ambient[k] + 0.1) * (float(style.glass[k]) * 0.8 + curtain)
        sky = float(light.horizon[k] * 0.6 + light.zenith[k] * 0.4)
        plane = inside + (sky - inside) * reflect
        if lamps is not None:
            plane += (float(warm[k]) - plane) * lamps
        planes.append(plane)
    return planes


def _shop(rng: np.random.Generator, part: Array, light: Light, lit: Array) -> None:
    """Draw a shop into a part of an image: goods in its window, a door, a sign, an awning."""
    night = light.night > 0.3
    inside = rgb(0.8, 0.68, 0.45) if night else (pick(rng, GLASS, 0.3) + 0.05) * lit
    color, goods = pick(rng, SIGNS, 0.2), rng.random((3, 10, 3), dtype=np.float32)
    letters, door, awning = rng.random(16) < 0.55, rng.uniform(0.1, 0.8), rng.random() < 0.35
    rows, columns = part.shape[:2]
    if columns < 3:
        return

    def band(top: float, bottom: float, left: float = 0.0, right: float = 1.0) -> Array:
        y0, y1 = round(rows * top), round(rows * bottom)
        return part[y0:y1, round(columns * left) : max(round(columns * right), 1)]

    band(0.36, 0.9)[:] = inside
    shelf = band(0.6, 0.88)
    if shelf.size:
        shelf += cv2.resize(goods, shelf.shape[1::-1]) * (0.3 * lit)
    band(0.36, 1, door, door + 0.14)[:] *= 0.5
    band(0.12, 0.3)[:] = color * lit
    writing = band(0.16, 0.26, 0.15, 0.85)
    if writing.size:
        marks = letters[np.arange(writing.shape[1]) * len(letters) // writing.shape[1]]
        writing[:, marks] = WRITING * lit
    if awning:
        cloth = band(0.3, 0.48)
        stripes = np.arange(columns) * 8 // columns % 2 == 1
        cloth[:] = np.where(stripes[:, None], WRITING, color) * lit
