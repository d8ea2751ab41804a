"""Class "coast": the sea from a beach or from cliffs, or nothing but water."""

import math

import numpy as np

from strata.scenes.elements import trees
from strata.scenes.elements.land import DRY, MEADOW, ROCK, SAND, WATER, grow, plant, rise, spots
from strata.scenes.elements.light import light
from strata.scenes.elements.noise import smoothstep
from strata.scenes.elements.objects import boat, person
from strata.scenes.elements.shot import Shot, View
from strata.scenes.elements.sky import paint_sky
from strata.scenes.elements.terrain import Terrain, paint_water

Array = np.ndarray


def coast(rng: np.random.Generator, side: int) -> Shot:
    """Compose a picture of a coast on a (side, side) canvas."""
    mood = light(rng, day=7, overcast=2.5, golden=1, sunset=1.5, fog=0.4)
    view = View(rng.uniform(0.25, 0.6), 10 ** rng.uniform(0.25, 1.5), rng.uniform(0.8, 1.5))
    shot = Shot(side, rng, mood, view)
    paint_sky(shot)
    ground = Terrain(shot, view.eye * 0.7, view.eye * 4, 20000)
    steep = rng.random() < 0.35
    inland = _shape(ground, steep)
    _shore(ground, inland, steep)
    ground.paint()
    _at_sea(ground)
    _on_land(ground, inland)
    return shot


def _shape(ground: Terrain, steep: bool) -> Array:
    """Set the heights of land and sea bed; return the distance from the shore in meters.

    It is (slices, columns), positive inland and negative at sea.
    """
    rng, view = ground.shot.rng, ground.shot.view
    # Angle between view and shoreline: 0 along the beach, pi/2 straight out to sea.
    angle = rng.uniform(0.15, 1.57)
    turn = 1 if rng.random() < 0.5 else -1
    nearest = view.eye * rng.uniform(0.3, 5)
    wander = ground.noise(rng.uniform(20, 120), 4) * rng.uniform(1, 12)
    inland = turn * ground.x * math.cos(angle) + (nearest - ground.z) * math.sin(angle) + wander
    if rng.random() < 0.15:
        inland = np.full_like(inland, -100)  # nothing but water
    rocks = ground.noise(rng.uniform(6, 25), 5, ridged=True)
    if steep:
        cliff = rng.uniform(0.2, 0.8 if angle > 0.6 else 2.0) * view.eye + rng.uniform(0, 3)
        ground.height = smoothstep(-2, 8, inland) * (cliff + rocks * cliff * 0.3)
        ground.height += np.minimum(inland, 0) * 0.05
    else:
        dunes = ground.noise(8, 3) * 0.04 * np.clip(inland, 0, 8)
        ground.height = np.minimum(inland * rng.uniform(0.02, 0.07) + dunes, 2.5 + 0.8 * rocks)
    if rng.random() < 0.5:  # rocks in the surf
        reef = smoothstep(rng.uniform(0.3, 0.9), 1.4, rocks) * np.exp(-((inland / 18) ** 2))
        ground.height = np.maximum(ground.height, reef * rng.uniform(1.5, 5) - 0.3)
    if rng.random() < 0.6:
        ground.height = np.maximum(ground.height, _island(ground))
    if angle > 0.5:  # land ahead must not hide the sea
        low = 0.5 * view.eye + np.maximum(ground.z - 400, 0)
        ground.height = np.minimum(ground.height, low)
    ground.clear()
    return inland


def _island(ground: Terrain) -> Array:
    """Return the heights of an island, a headland or the far side of a bay."""
    rng = ground.shot.rng
    far = rng.uniform(600, 7000)
    middle, width = rng.uniform(-0.7, 0.7), rng.uniform(0.15, 0.7)
    shape = np.exp(-(((ground.z - far) / (0.3 * far)) ** 2))
    shape = shape * smoothstep(width, width * 0.3, np.abs(ground.x / ground.z - middle))
    shape *= np.maximum(0.5 + ground.noise(far * 0.4, 5), 0)
    return rise(ground, shape, rng.uniform(0.01, 0.14)) - 0.5


def _shore(ground: Terrain, inland: Array, steep: bool) -> None:
    """Color the land with sand, rock and dune grass, the sea with waves and surf."""
    rng = ground.shot.rng
    right, ahead = ground.slopes()
    slope = np.sqrt(right * right + ahead * ahead)
    rock = trees.pick(rng, ROCK)
    ground.mix(rock if steep else trees.pick(rng, SAND))
    ground.rough[:] = 0.25 if steep else rng.uniform(0.03, 0.12)
    ground.color *= 1 + (0.3 if steep else 0.1) * ground.noise(1.2, 4, 0.8)
    bare = smoothstep(0.25, 0.5, slope)
    ground.mix(rock, 0.9 * bare)
    ground.rough += 0.15 * bare
    top = smoothstep(rng.uniform(0.5, 3), 4.0, ground.height + ground.noise(5, 3))
    grass = top * smoothstep(0.7, 0.4, slope) * rng.uniform(0.2, 1)
    ground.mix(trees.pick(rng, MEADOW + DRY), grass)
    ground.mix(trees.pick(rng, trees.PINE + MEADOW), 0.7 * smoothstep(150, 400, ground.z))
    ground.color *= 1 - 0.35 * smoothstep(0.5, 0.05, ground.height)  # wet sand is darker
    ground.lit(right, ahead)

    sea = smoothstep(0.02, -0.06, ground.height)
    shallow = np.exp(np.minimum(ground.height, 0) * rng.uniform(0.3, 1.5)) * rng.uniform(0.1, 0.9)
    rough = rng.uniform(0.05, 1)
    paint_water(ground, sea, shallow, trees.pick(rng, WATER, 0.2), rough)
    reach = rng.uniform(2, 14) * (0.3 + rough)
    breaker = np.sin(inland * (6 / reach) + 2 * ground.noise(12, 3)) + 0.7 * ground.noise(
        2.5, 4, 0.8
    )
    surf = smoothstep(0.2, 0.9, breaker) * np.exp(np.minimum(inland, 0) / reach)
    surf *= (inland < 1) * smoothstep(400, 100, ground.z)
    caps = smoothstep(1.0, 1.3, ground.noise(6, 4, 0.7) + rough * 0.6) * rough
    foam = ground.shot.light.ambient * 1.1 + ground.shot.light.direct * 0.7
    ground.mix(np.minimum(foam, 1), np.clip(surf + caps, 0, 0.9) * sea)


def _at_sea(ground: Terrain) -> None:
    """Paint boats on the sea."""
    rng = ground.shot.rng
    for _ in range(int(rng.choice([0, 0, 0, 1, 2, 5]))):
        z = 10 ** rng.uniform(1.6, 2.8)
        x, length = rng.uniform(-0.45, 0.45) * z / ground.shot.view.focal, rng.uniform(4, 14)
        if ground.height[ground.cell(x, z)] < 0:
            boat(ground.shot, x, z, length)


def _on_land(ground: Terrain, inland: Array) -> None:
    """Paint palms, trees or bushes, and people on the beach or in the water."""
    shot = ground.shot
    rng = shot.rng
    kind = str(rng.choice(["palm", "bush", "broadleaf", "conifer"], p=[0.4, 0.3, 0.2, 0.1]))
    size = 0.3 if kind == "bush" else 1.0
    x, z = spots(shot, int(rng.choice([0, 0, 4, 10])), 8, 120)
    dry = [inland[ground.cell(a, b)] > 6 for a, b in zip(x.tolist(), z.tolist(), strict=True)]
    if any(dry):
        plant(ground, grow(shot, kind, trees.GREEN, 2, 0.4), x[dry], z[dry], 5 * size, 11 * size)
    if shot.view.eye < 6 and rng.random() < 0.2:
        for _ in range(int(rng.integers(1, 5))):
            far = rng.uniform(6, 50)
            person(shot, rng.uniform(-0.4, 0.4) * far, far)
