"""The fronts of houses and towers, drawn flat: floors times bays.

Everything on a front repeats along two axes, so each part is the product of a pattern down the
front and one across it; what differs from window to window is looked up by floor and bay.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from strata.pipeline.scenes.light import Light, jitter, rgb
from strata.pipeline.scenes.noise import texture
from strata.pipeline.scenes.trees import pick

Array = np.ndarray

PLASTER = [rgb(0.82, 0.76, 0.64), rgb(0.86, 0.82, 0.76), rgb(0.76, 0.6, 0.44), rgb(0.7, 0.66, 0.6)]
BRICK = [rgb(0.52, 0.27, 0.2), rgb(0.6, 0.38, 0.28), rgb(0.44, 0.24, 0.2)]
STONE = [rgb(0.66, 0.61, 0.53), rgb(0.56, 0.54, 0.5), rgb(0.74, 0.7, 0.62)]
PAINTED = [rgb(0.45, 0.58, 0.66), rgb(0.8, 0.62, 0.3), rgb(0.72, 0.4, 0.34), rgb(0.5, 0.6, 0.46)]
CONCRETE = [rgb(0.58, 0.57, 0.55), rgb(0.72, 0.7, 0.68), rgb(0.46, 0.45, 0.44)]
STEEL = [rgb(0.3, 0.34, 0.38), rgb(0.2, 0.22, 0.25), rgb(0.5, 0.52, 0.54), rgb(0.4, 0.32, 0.24)]
GLASS = [rgb(0.1, 0.14, 0.18), rgb(0.16, 0.26, 0.34), rgb(0.22, 0.3, 0.32), rgb(0.12, 0.1, 0.08)]
SHOP = [rgb(0.6, 0.1, 0.1), rgb(0.1, 0.25, 0.5), rgb(0.1, 0.35, 0.2), rgb(0.8, 0.6, 0.1)]


@dataclass(frozen=True)
class Style:
    """How a building is built; lengths in metres, shares of a bay or of a floor."""

    wall: Array
    glass: Array
    storey: float
    bay: float
    wide: float
    tall: float
    frame: Array
    bands: float
    piers: float
    courses: bool
    balconies: float
    shops: bool


def house_style(rng: np.random.Generator) -> Style:
    """A town house of plaster, brick or stone, with windows as holes in its wall."""
    walls = [PLASTER, PLASTER, BRICK, STONE, PAINTED, CONCRETE][int(rng.integers(6))]
    return Style(
        wall=pick(rng, walls),
        glass=pick(rng, GLASS),
        storey=rng.uniform(2.8, 4.2),
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
    """An office or apartment tower: a grid, ribbons, fins, or a skin of glass."""
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
        storey=rng.uniform(3.2, 4.5),
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


def _pulse(phase: Array, low: float, high: float, edge: float) -> Array:
    """1 where `phase` lies between `low` and `high`, soft over `edge`."""
    inside = np.minimum(phase - low, high - phase) * (1 / edge) + 0.5
    return np.minimum(np.maximum(inside, 0), 1)


def front(
    rng: np.random.Generator,
    light: Light,
    style: Style,
    size: tuple[float, float],
    pixels: tuple[int, int],
    facing: float,
) -> Array:
    """Draw a front.

    Args:
        rng: draws the same numbers for every `pixels`.
        light: of the picture.
        style: how it is built.
        size: (width, height), metres.
        pixels: (width, height) to draw.
        facing: cosine between the front's normal and the sun.

    Returns:
        (height, width, 3) float32, lit.
    """
    own = np.random.default_rng(rng.integers(1 << 62))
    width, height = float(size[0]), float(size[1])
    shape = (pixels[1], pixels[0])
    base = 1.25 * style.storey if style.shops else 0.0
    floors = max(1, round((height - base - 0.6) / style.storey))
    bays = max(1, round(width / style.bay))
    up = (1 - (np.arange(shape[0], dtype=np.float32) + 0.5) / shape[0]) * height
    storey = max((height - base) * 0.96, 0.5) / floors
    level = np.clip((up - base) / storey, 0, floors - 0.01)
    across = (np.arange(shape[1], dtype=np.float32) + 0.5) / shape[1] * bays
    floor, bay = level.astype(int), np.minimum(across.astype(int), bays - 1)
    each = (floor[:, None], bay[None, :])
    v, u = (level % 1)[:, None], (across % 1)[None, :]
    ev, eu = max(height / storey / shape[0], 0.02), max(bays / shape[1], 0.02)
    upper = ((up > base) & (up < height * 0.95)).astype(np.float32)[:, None]

    # The wall: how bright it is, down and across.
    high, thin = up[:, None] / height, 1 / shape[0]
    down = 1 - 0.12 * np.maximum(0, 1 - up / 4)[:, None]
    down += 0.25 * _pulse(high, 0.965, 1.1, thin) - 0.3 * _pulse(high, 0.945, 0.965, thin)
    down += style.bands * _pulse(v, -0.1, 0.08, ev)
    if style.courses and shape[0] / height > 4:
        down += 0.12 * (np.floor(up / 0.25) % 2)[:, None]
    grime = texture(own, shape, cells=3, gain=0.7)
    wall = 0.1 * grime + down + style.piers * _pulse(u, -0.1, 0.09, eu)

    # The windows: frames with two panes each, or, where they fill the wall, glass alone.
    top, left = 0.54 + style.tall / 2, 0.5 - style.wide / 2
    low, right = top - style.tall, left + style.wide
    rows, columns = upper * _pulse(v, low, top, ev), _pulse(u, left, right, eu)
    hole = rows * columns
    railing = (own.random(floors) < style.balconies)[floor][:, None] * _pulse(v, 0.02, 0.3, ev)
    pane = hole
    if style.wide < 0.9 and style.tall < 0.9:
        sill = upper * _pulse(v, low - 0.06, low, ev)
        wall += 0.25 * sill * _pulse(u, left - 0.04, right + 0.04, eu)
        halves = _pulse(u, left + 0.06, 0.48, eu) + _pulse(u, 0.52, right - 0.06, eu)
        pane = upper * _pulse(v, low + 0.06, top - 0.06, ev) * halves
    shine = own.random((floors, bays), dtype=np.float32)
    reflect = (0.1 + 0.5 * shine * shine)[each] + 0.25 * (v - 0.5) + 0.15 * grime
    reflect = np.clip(reflect, 0, 0.9) * (1 - 0.35 * _pulse(v, top - 0.1, top + 0.02, ev))
    drawn = (own.random((floors, bays)) < 0.3).astype(np.float32)
    curtain = 0.35 * drawn[each] * (v > 0.5)
    lit = light.ambient + light.direct * max(facing, 0.0)
    sky = light.horizon * 0.6 + light.zenith * 0.4
    on = (own.random((floors, bays)) < 0.15 + 0.4 * light.night) * (0.4 + 0.6 * shine)
    lamps = on.astype(np.float32)[each] if light.night > 0.3 else None
    warm = pick(own, [rgb(1.0, 0.8, 0.45), rgb(0.9, 0.9, 0.8), rgb(1, 0.65, 0.3)])
    dim = (1 - railing * 0.75 * columns).astype(np.float32)
    planes = []
    for k in range(3):
        plane = wall * float(style.wall[k] * lit[k])
        plane += (float(style.frame[k] * lit[k]) - plane) * hole
        inside = float(light.ambient[k] + 0.1) * (float(style.glass[k]) * 0.8 + curtain)
        glass = inside + (float(sky[k]) - inside) * reflect
        if lamps is not None:
            glass += (float(warm[k]) - glass) * lamps
        plane += (glass - plane) * pane
        planes.append(plane * dim)
    image = cv2.merge(planes)
    if style.shops:
        ground = int(np.count_nonzero(up < base))
        if ground > 3:
            _shops(own, image[-ground:], light, lit, width)
    return image


def _shops(rng: np.random.Generator, image: Array, light: Light, lit: Array, width: float) -> None:
    """Shop windows, doors, signs with something like writing, awnings."""
    rows, columns = image.shape[:2]
    count = max(1, round(width / rng.uniform(4, 8)))
    for k in range(count):
        x0, x1 = round(columns * k / count) + 1, round(columns * (k + 1) / count) - 1
        if x1 - x0 < 3:
            continue
        part = image[:, x0:x1]
        inside = rgb(0.9, 0.75, 0.5) * 0.9 if light.night > 0.3 else pick(rng, GLASS, 0.3) + 0.05
        part[round(rows * 0.36) : round(rows * 0.9)] = inside * (1 if light.night > 0.3 else lit)
        goods = rng.random((3, max(2, (x1 - x0) // 4), 3), dtype=np.float32) * 0.5
        low = part[round(rows * 0.6) : round(rows * 0.88)]
        if low.shape[0] > 1:
            low += cv2.resize(goods, (low.shape[1], low.shape[0])) * lit * 0.6
        door = round((x1 - x0) * rng.uniform(0.1, 0.8))
        part[round(rows * 0.36) :, door : door + max(1, (x1 - x0) // 8)] *= 0.5
        colour = pick(rng, SHOP, 0.2)
        band = part[round(rows * 0.12) : round(rows * 0.3)]
        band[:] = colour * lit
        if band.shape[0] > 2 and band.shape[1] > 6:
            letters = rng.random(band.shape[1] // 2) < 0.55
            marks = np.repeat(letters, 2)[: band.shape[1]]
            edge, stop = band.shape[1] // 6, band.shape[1] * 5 // 6
            middle = band[band.shape[0] // 4 : -max(1, band.shape[0] // 4), edge:stop]
            middle[:, marks[edge:stop]] = rgb(0.95, 0.93, 0.85) * lit
        if rng.random() < 0.35:
            stripes = (np.arange(x1 - x0) * 8 // max(1, x1 - x0)) % 2
            cloth = np.where(stripes[:, None] == 1, rgb(0.92, 0.9, 0.86), colour) * lit
            part[round(rows * 0.3) : round(rows * 0.48)] = cloth
