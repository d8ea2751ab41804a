"""Class "mountain": peaks seen from the valley or from another mountain."""

from dataclasses import replace

import numpy as np

from strata.scenes.elements import trees
from strata.scenes.elements.land import DRY, MEADOW, ROCK, SNOW, WATER, grow, plant, rise, spots
from strata.scenes.elements.light import light
from strata.scenes.elements.noise import smoothstep
from strata.scenes.elements.shot import Shot, View
from strata.scenes.elements.sky import paint_sky
from strata.scenes.elements.terrain import Terrain, paint_water

Array = np.ndarray


def mountain(rng: np.random.Generator, side: int) -> Shot:
    """Compose a picture of mountains on a (side, side) canvas."""
    mood = light(rng, day=8, overcast=2, golden=1.5, sunset=0.4, fog=0.25)
    mood = replace(mood, haze=max(mood.haze, 2500))  # with more haze no mountain would be visible
    view = View(rng.uniform(0.55, 0.95), 10 ** rng.uniform(0.3, 2.6), rng.uniform(0.9, 1.8))
    shot = Shot(side, rng, mood, view)
    paint_sky(shot)
    start = 10 ** rng.uniform(2.2, 3.4)
    ground = Terrain(shot, max(view.eye * 0.6, 3), start * 0.5, 16000)
    distant = smoothstep(start, start * rng.uniform(2, 5), ground.z)
    wave = rng.uniform(1500, 5000)
    crests = ground.noise(wave, 8, rng.uniform(0.45, 0.6), ridged=True)
    mass = ground.noise(wave * 1.7, 2)
    shape = distant * np.maximum(0.9 + mass + rng.uniform(0.3, 0.8) * crests, 0)
    target = min(rng.uniform(0.2, 0.75), view.horizon - 0.04)
    ground.height = rise(ground, shape, target)
    slope = rng.uniform(0, 0.12)
    ground.height += ground.noise(rng.uniform(80, 400), 5) * np.minimum(ground.z, 900) * slope
    _clothe(ground, start, crests)
    ground.paint()
    sprites = grow(shot, "conifer" if rng.random() < 0.7 else "broadleaf", trees.PINE, 3)
    if rng.random() < 0.55:
        count = int(rng.integers(5, 40))
        near = view.eye * rng.uniform(3, 12) + 15
        plant(ground, sprites, *spots(shot, count, near, near * 4), 8, 18)
    return shot


def _clothe(ground: Terrain, start: float, crests: Array) -> None:
    """Color the terrain: rock with strata, forest below, snow above, perhaps a lake."""
    rng = ground.shot.rng
    right, ahead = ground.slopes()
    steep = np.sqrt(right * right + ahead * ahead)
    distant = smoothstep(start * 0.5, start, ground.z)
    top = float(ground.height.max())
    level = ground.height / top + 0.12 * ground.noise(rng.uniform(200, 700), 4, 0.6)
    ground.mix(trees.pick(rng, ROCK))
    strata = np.sin(ground.height * (rng.uniform(20, 90) / top) + 2 * ground.noise(800, 3))
    ground.color *= 1 + 0.12 * strata + 0.25 * ground.noise(rng.uniform(60, 300), 5, 0.8)
    low = trees.pick(rng, MEADOW + DRY + trees.PINE)
    line = rng.uniform(-0.1, 0.7)
    ground.mix(low, smoothstep(line + 0.1, line - 0.1, level) * smoothstep(1.1, 0.5, steep))
    woods = smoothstep(line - 0.1, line - 0.25, level + 0.2 * ground.noise(500, 3))
    forest = trees.pick(rng, trees.PINE)[:, None, None] * (1 + 0.5 * ground.noise(25, 3, 0.9))
    ground.mix(forest, woods * (0.9 if rng.random() < 0.7 else 0))
    meadow = trees.pick(rng, MEADOW + DRY + ROCK + SNOW)
    fine = 1 + 0.35 * ground.noise(2, 5, 0.75)
    ground.mix(meadow[:, None, None] * fine, 1 - distant)
    if rng.random() < 0.6:
        snow = rng.uniform(0.05, 0.8)
        lies = smoothstep(snow - 0.08, snow + 0.12, level) * smoothstep(2.2, 1.0, steep)
        ground.mix(SNOW[0], lies)
        ground.rough *= 1 - 0.7 * lies
    ground.lit(1.6 * right, 1.6 * ahead)
    # Ambient occlusion: gullies are darker.
    ground.color *= 0.8 + 0.45 * smoothstep(-1, 1, crests) * distant
    ground.rough *= 0.6
    if rng.random() < 0.18:
        valley = ground.z[:, 0] < start * 1.5
        water = float(np.quantile(ground.height[valley], rng.uniform(0.2, 0.6)))
        lake = smoothstep(water + 0.3, water - 0.1, ground.height) * (ground.z < start * 2)
        paint_water(ground, lake, np.zeros_like(lake), trees.pick(rng, WATER), 0.1)
