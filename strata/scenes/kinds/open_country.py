"""Class "Opencountry": fields, meadows, heath and desert under a wide sky."""

import math

import numpy as np

from strata.scenes.elements import trees
from strata.scenes.elements.land import (
    DESERT,
    DRY,
    EARTH,
    FLOWERS,
    MEADOW,
    SNOW,
    WATER,
    clothe,
    grow,
    lane,
    plant,
    rise,
    spots,
)
from strata.scenes.elements.light import jitter, light, rgb
from strata.scenes.elements.noise import smoothstep
from strata.scenes.elements.objects import fence, house, person
from strata.scenes.elements.shot import Shot, View
from strata.scenes.elements.sky import paint_sky
from strata.scenes.elements.terrain import Terrain, paint_water

Array = np.ndarray

# Palette and probability of each ground cover.
BIOMES = {
    "meadow": (MEADOW, 0.45),
    "dry": (DRY, 0.25),
    "desert": (DESERT, 0.12),
    "earth": (EARTH, 0.1),
    "snow": (SNOW, 0.08),
}


def open_country(rng: np.random.Generator, side: int) -> Shot:
    """Compose a picture of open country on a (side, side) canvas."""
    mood = light(rng, day=7, overcast=3, golden=1.5, sunset=0.5, fog=0.4)
    view = View(rng.uniform(0.22, 0.62), 10 ** rng.uniform(0.25, 1.4), rng.uniform(0.8, 1.5))
    shot = Shot(side, rng, mood, view)
    paint_sky(shot)
    ground = Terrain(shot, view.eye * 0.7, view.eye * 15, 9000)
    distant = smoothstep(700, 3500, ground.z)
    hills = distant * np.maximum(ground.noise(rng.uniform(900, 2600), 5) + rng.uniform(0, 1), 0)
    ground.height = rise(ground, hills, 0.005 if rng.random() < 0.4 else rng.uniform(0.02, 0.14))
    near = ground.noise(rng.uniform(60, 300), 3) * rng.uniform(0, 0.035)
    ground.height += near * np.minimum(ground.z, 700) * smoothstep(3, 40, ground.z)

    biome = str(rng.choice(list(BIOMES), p=[share for _, share in BIOMES.values()]))
    clothe(ground, BIOMES[biome][0])
    if rng.random() < 0.35:
        _patchwork(ground)
    if rng.random() < 0.25:
        _rows(ground)
    if rng.random() < 0.3:
        _flowers(ground)
    ground.mix(trees.pick(rng, trees.PINE + MEADOW), distant * rng.uniform(0.2, 0.8))
    if rng.random() < 0.18:
        lane(ground)
    ground.lit(*ground.slopes())
    if rng.random() < 0.1:
        level = float(np.quantile(ground.height[ground.z[:, 0] < 900], rng.uniform(0.1, 0.4)))
        lake = smoothstep(level + 0.15, level - 0.05, ground.height) * (ground.z < 1500)
        paint_water(ground, lake, np.zeros_like(lake), trees.pick(rng, WATER), 0.15)
    ground.paint()
    _furnish(ground, biome)
    return shot


def _patchwork(ground: Terrain) -> None:
    """Divide the land into fields of different crops."""
    rng = ground.shot.rng
    kinds = MEADOW + DRY + EARTH + FLOWERS[1:2]
    cell = np.floor((ground.noise(rng.uniform(150, 500), 1) + 2) * 4).astype(int) % 6
    table = np.stack([trees.pick(rng, kinds, 0.15) for _ in range(6)], axis=1)
    ground.mix(table[:, cell], 0.85 * smoothstep(20, 60, ground.z))


def _rows(ground: Terrain) -> None:
    """Draw crop rows or furrows."""
    rng = ground.shot.rng
    wave, angle = rng.uniform(0.8, 4), rng.uniform(-0.8, 0.8)
    across = ground.x * math.cos(angle) + ground.z * math.sin(angle)
    phase = np.sin(across * (2 * np.pi / wave) + 1.5 * ground.noise(20, 2))
    fade = np.clip(wave / (4 * ground.footprint) - 0.5, 0, 1) * (ground.z < rng.uniform(60, 400))
    ground.mix(trees.pick(rng, MEADOW + EARTH), (0.4 + 0.4 * phase) * fade)


def _flowers(ground: Terrain) -> None:
    """Draw a field in bloom: single flowers nearby, a uniform color further away."""
    rng = ground.shot.rng
    dense = rng.uniform(-0.4, 0.4)
    where = smoothstep(dense, dense + 0.5, ground.noise(rng.uniform(20, 100), 2))
    dots = smoothstep(0.1, 0.5, ground.noise(rng.uniform(0.3, 0.8), 2))
    carpet = smoothstep(15, 60, ground.z) * 0.6
    ground.mix(trees.pick(rng, FLOWERS), where * np.maximum(dots, carpet) * (ground.z < 700))


def _furnish(ground: Terrain, biome: str) -> None:
    """Paint trees, tree lines, a house, a fence, a person."""
    shot = ground.shot
    rng = shot.rng
    foliage = trees.AUTUMN + trees.GREEN if rng.random() < 0.25 else trees.GREEN
    kind = str(rng.choice(["broadleaf", "conifer", "bush"], p=[0.6, 0.2, 0.2]))
    if biome == "snow" or rng.random() < 0.08:
        kind = str(rng.choice(["bare", "conifer"]))
    if biome == "desert":
        kind = "bush"
    sprites = grow(shot, kind, foliage, 3)
    size = 0.25 if kind == "bush" else 1.0
    for _ in range(int(rng.integers(0, 3))):
        far = rng.uniform(120, 900)
        start, end = np.sort(shot.scatter(-0.7, 0.7, 2)).tolist()
        line = np.linspace(start, end, int(12 + 30 * (end - start))) * far
        depth = far * shot.scatter(0.9, 1.1, len(line))
        plant(ground, sprites, line, depth, 6 * size, 13 * size)
    count = int(rng.integers(0, 14)) if rng.random() < 0.8 else 0
    plant(ground, sprites, *spots(shot, count, 25 * size, 400), 5 * size, 14 * size)
    if rng.random() < 0.25:
        z = rng.uniform(40, 250)
        x = rng.uniform(-0.4, 0.4) * z
        y = float(ground.height[ground.cell(x, z)])
        walls = [rgb(0.8, 0.75, 0.68), rgb(0.55, 0.2, 0.15), rgb(0.5, 0.42, 0.35)]
        paint, roof = trees.pick(rng, walls), jitter(rng, rgb(0.4, 0.2, 0.15))
        house(shot, (x, y, z), rng.uniform(8, 16), paint, roof)
    if shot.view.eye < 4 and rng.random() < 0.25:
        x, z = rng.uniform(-3, 3), rng.uniform(3, 12)
        fence(shot, (x - rng.uniform(3, 9), z), (x + rng.uniform(3, 30), z + rng.uniform(0, 40)), 0)
    if shot.view.eye < 6 and rng.random() < 0.12:
        z = rng.uniform(5, 25)
        person(shot, rng.uniform(-0.3, 0.3) * z, z)
