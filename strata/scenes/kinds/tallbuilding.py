"""Class "tallbuilding": towers from below, a few across a park, a skyline across water."""

import math

import numpy as np

from strata.scenes.elements import trees
from strata.scenes.elements.buildings import building, crown
from strata.scenes.elements.land import MEADOW, WATER, clothe, grow, plant, stand_tree
from strata.scenes.elements.light import light
from strata.scenes.elements.painters_algorithm import BackToFront
from strata.scenes.elements.shot import Shot, View
from strata.scenes.elements.sky import paint_sky
from strata.scenes.elements.style import Style, house_style, tower_style
from strata.scenes.elements.terrain import Terrain, paint_water
from strata.scenes.elements.traffic import pave

Array = np.ndarray


def tallbuilding(rng: np.random.Generator, side: int) -> Shot:
    """Compose a picture of tall buildings on a (side, side) canvas."""
    mood = light(rng, day=7, overcast=2.5, golden=1.5, sunset=0.6, fog=0.15, night=0.8)
    if rng.random() < 0.36:
        pitch, focal = rng.uniform(0.25, 0.6), rng.uniform(0.7, 1.3)
        # The ground lies below the frame.
        axis = max(rng.uniform(0.4, 0.6), 1.03 - focal * math.tan(pitch))
        shot = Shot(side, rng, mood, View(axis, 1.7, focal, rng.uniform(0.4, 0.6), pitch))
        paint_sky(shot)
        _from_below(shot)
        return shot
    eye, focal = 10 ** rng.uniform(0.3, 1.9), rng.uniform(1, 2)
    view = View(rng.uniform(0.6, 0.95), eye, focal, pitch=rng.uniform(0, 0.1))
    shot = Shot(side, rng, mood, view)
    paint_sky(shot)
    _from_afar(shot, skyline=rng.random() < 0.45)
    return shot


def _tower(
    shot: Shot, spot: tuple[float, float], width: float, height: float, style: Style, turn: float
) -> None:
    """Paint a tower of one to three blocks, each narrower than the one below."""
    rng = shot.rng
    x, z = spot
    base, deep = 0.0, width * rng.uniform(0.6, 1.3)
    steps = int(rng.choice([1, 2, 3], p=[0.65, 0.22, 0.13]))
    for k in range(steps):
        part = (height - base) * (rng.uniform(0.45, 0.75) if k < steps - 1 else 1)
        shrink = 0.78**k
        building(shot, (x, base, z), (width * shrink, part, deep * shrink), style, turn=turn)
        base += part
    crown(shot, (x, base, z), width * 0.78 ** (steps - 1))


def _from_below(shot: Shot) -> None:
    """Paint towers from street level, looking up."""
    rng = shot.rng
    things = BackToFront()
    for k in range(int(rng.integers(1, 5))):
        z = rng.uniform(35, 90) * (1 + 0.8 * k)
        x = rng.uniform(-0.45, 0.45) * z * (0.6 if k == 0 else 1.2)
        width, height = rng.uniform(18, 40), z * rng.uniform(0.9, 2.2)
        turn = rng.uniform(-0.7, 0.7)
        things.add(z, _tower, shot, (x, z), width, height, tower_style(rng), turn)
    if rng.random() < 0.4:
        z = rng.uniform(20, 34)
        spot, size = (rng.choice([-0.6, 0.6]) * z, 0, z), (14, z * rng.uniform(0.5, 1.1), 14)
        things.add(z, building, shot, spot, size, house_style(rng), turn=0.2)
    if rng.random() < 0.4:
        kind = "broadleaf" if rng.random() < 0.7 else "bare"
        sprites = grow(shot, kind, trees.GREEN, 2, 0.5)
        for _ in range(int(rng.integers(1, 4))):
            z = rng.uniform(9, 22)
            x, tall = rng.uniform(-0.6, 0.6) * z, z * rng.uniform(0.4, 0.9)
            things.add(z, stand_tree, shot, sprites[int(rng.integers(2))], x, z, tall)
    things.paint()


def _from_afar(shot: Shot, *, skyline: bool) -> None:
    """Paint towers or a skyline across a park, roofs or water."""
    rng, view = shot.rng, shot.view
    away = rng.uniform(350, 900) if skyline else rng.uniform(110, 320)
    water = rng.random() < (0.5 if skyline else 0.2)
    ground = Terrain(shot, view.eye * 0.7, 60, 3000)
    if rng.random() < 0.6:
        clothe(ground, MEADOW)
    else:
        pave(ground)
    flat = np.zeros_like(ground.x)
    ground.lit(flat, flat)
    if water:
        mask = np.broadcast_to((ground.z < away * 0.85).astype(np.float32), flat.shape)
        paint_water(ground, mask, flat, trees.pick(rng, WATER), rng.uniform(0.05, 0.5))
    ground.paint()

    things = BackToFront()
    room = min(view.horizon - 0.03, 0.9) * away / view.focal
    for k in range(int(rng.integers(8, 20)) if skyline else int(rng.integers(1, 7))):
        first = k == 0  # always in the middle, and tall
        z = away * rng.uniform(1, 1.1 if first else 1.7)
        height = room * rng.uniform(0.6 if first else 0.3, 0.95)
        width = min(max(height * rng.uniform(0.15, 0.45), 14), 60)
        spread = 0.3 if first else 0.55
        x, turn = rng.uniform(-spread, spread) * z / view.focal, rng.uniform(-0.6, 0.6)
        things.add(z, _tower, shot, (x, z), width, height, tower_style(rng), turn)
    for _ in range(int(rng.integers(0, 9))):  # lower buildings in front
        z = away * rng.uniform(0.88, 0.99)
        size = (rng.uniform(0.06, 0.16) * away, room * rng.uniform(0.05, 0.2), 15)
        x = rng.uniform(-0.6, 0.6) * z / view.focal
        things.add(z, building, shot, (x, 0, z), size, house_style(rng))
    things.paint()
    if rng.random() < 0.65:
        sprites = grow(shot, "broadleaf", trees.GREEN if rng.random() < 0.8 else trees.AUTUMN, 3)
        distance = away * shot.scatter(0.75 if water else 0.35, 0.87, int(rng.integers(5, 30)))
        x_all = shot.scatter(-0.6, 0.6, len(distance)) * distance / view.focal
        plant(ground, sprites, x_all, distance, 6, 15)
