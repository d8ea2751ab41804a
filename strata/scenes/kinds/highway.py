"""Class "highway": a wide road with traffic through open land."""

from dataclasses import dataclass

import numpy as np

from strata.scenes.elements import trees
from strata.scenes.elements.buildings import building
from strata.scenes.elements.land import DESERT, DRY, MEADOW, SNOW, clothe, grow, plant, rise
from strata.scenes.elements.light import jitter, light, rgb
from strata.scenes.elements.noise import smoothstep
from strata.scenes.elements.objects import box
from strata.scenes.elements.painters_algorithm import BackToFront
from strata.scenes.elements.shot import Shot, View
from strata.scenes.elements.sky import paint_sky
from strata.scenes.elements.style import house_style, tower_style
from strata.scenes.elements.terrain import Terrain
from strata.scenes.elements.traffic import asphalt, car, lamp, line, sign

Array = np.ndarray


@dataclass(frozen=True)
class Road:
    """Geometry of the road, in meters.

    Attributes:
        lanes: half the number of lanes of a carriageway.
        half: half the width of a carriageway.
        strip: width of the median between two carriageways; 0 for a single carriageway.
        offset: offset of the camera to the right of the carriageway's middle.
        z: distances at which `bend` is sampled.
        bend: lateral offset of the road to the right at these distances.
    """

    lanes: int
    half: float
    strip: float
    offset: float
    z: Array
    bend: Array

    def x(self, aside: float, z: float) -> float:
        """X of a point `aside` meters right of the road's middle, `z` meters ahead."""
        return aside - self.offset + float(np.interp(z, self.z, self.bend))


def _road(rng: np.random.Generator, z: Array) -> Road:
    """Draw the geometry of a road, with its bend at distances `z`."""
    lanes = int(rng.integers(1, 4))
    half = lanes * 3.6 + rng.uniform(0.5, 3)
    strip = rng.uniform(1, 10) if rng.random() < 0.55 else 0.0
    bend = rng.normal(0, 0.0006) * z**2 * smoothstep(0, 60, z)
    bend = np.clip(bend, -0.5 * z, 0.5 * z)
    beside = rng.random() < 0.1
    offset = half + 3 if beside else rng.uniform(-0.6, 0.6) * half
    return Road(lanes, half, strip, offset, z, bend)


def highway(rng: np.random.Generator, side: int) -> Shot:
    """Compose a picture of a highway on a (side, side) canvas."""
    mood = light(rng, day=6, overcast=4, golden=1.2, sunset=0.5, fog=0.3, night=0.4)
    view = View(
        rng.uniform(0.3, 0.62),
        10 ** rng.uniform(0.15, 1.0),
        rng.uniform(0.7, 1.4),
        rng.uniform(0.3, 0.7),
    )
    shot = Shot(side, rng, mood, view)
    paint_sky(shot)
    ground = Terrain(shot, view.eye * 0.7, 60, 6000)
    road = _road(rng, ground.z[:, 0])
    aside = ground.x - road.bend[:, None] + road.offset
    carriageways = [aside, aside + road.strip + 2 * road.half] if road.strip else [aside]
    beside = np.minimum.reduce([np.abs(each) for each in carriageways]) - road.half

    hills = smoothstep(300, 2000, ground.z) * np.maximum(ground.noise(1200, 5) + 0.4, 0)
    ground.height = rise(ground, hills, 0.004 if rng.random() < 0.4 else rng.uniform(0.02, 0.2))
    bank = rng.uniform(-0.08, 0.3) * (0.6 + 0.4 * ground.noise(30, 3))
    ground.height += np.clip(beside - 3, 0, 14) * bank
    ground.clear()
    soils = [MEADOW, MEADOW + DRY, DRY, DESERT, SNOW]
    clothe(ground, soils[int(rng.choice(5, p=[0.4, 0.25, 0.2, 0.1, 0.05]))])
    ground.mix(trees.pick(rng, trees.PINE + DRY), smoothstep(250, 1500, ground.z) * 0.7)
    asphalt(ground, smoothstep(0.5, -0.1, beside + 0.1 * ground.noise(2, 2)))
    for across in carriageways:
        line(ground, across, -road.half + 0.6, 0.18)
        line(ground, across, road.half - 0.6, 0.18)
        for lane in range(1, 2 * road.lanes):
            line(ground, across, (lane - road.lanes) * 3.6, 0.15, rng.uniform(2, 5))
    ground.lit(*ground.slopes())
    ground.paint()
    _verge(ground, road)
    things = BackToFront()
    _beside(things, shot, road)
    _traffic(things, shot, road)
    things.paint()
    return shot


def _verge(ground: Terrain, road: Road) -> None:
    """Plant trees and bushes along the road."""
    shot = ground.shot
    rng = shot.rng
    if rng.random() < 0.3:
        return
    foliage = trees.AUTUMN + trees.GREEN if rng.random() < 0.15 else trees.GREEN
    kind = str(rng.choice(["broadleaf", "conifer", "bush"], p=[0.5, 0.2, 0.3]))
    size = 0.3 if kind == "bush" else 1
    sprites = grow(shot, kind, foliage, 3)
    count = int(rng.integers(6, 45))
    z = np.exp(shot.scatter(np.log(25), np.log(500), count))
    left = shot.scatter(0, 1, count) < rng.uniform(0, 1)
    gap = road.half + rng.uniform(3, 15) + shot.scatter(0, 30, count) ** 1.2
    if road.strip:
        gap += left * (road.strip + 2 * road.half)
    gap = np.where(left, -gap, gap)
    x = np.array([road.x(float(a), float(d)) for a, d in zip(gap, z, strict=True)])
    plant(ground, sprites, x, z, 5 * size, 13 * size)


def _beside(things: BackToFront, shot: Shot, road: Road) -> None:
    """Add buildings, a crash barrier, lamps, a sign, a bridge."""
    rng = shot.rng
    if rng.random() < 0.2:
        for _ in range(int(rng.integers(1, 6))):
            z = rng.uniform(120, 500)
            turn = rng.choice([-1.0, 1.0])
            x = road.x(turn * (road.half * 2.5 + rng.uniform(15, 120)), z)
            size = (rng.uniform(15, 40), rng.uniform(8, 50), rng.uniform(15, 30))
            style = tower_style(rng) if size[1] > 20 else house_style(rng)
            things.add(z, building, shot, (x, 0, z), size, style)
    if rng.random() < 0.5:
        edge = road.half + 0.8
        for z in np.geomspace(4, 150, 22).tolist():
            things.add(z, _barrier, shot, (road.x(edge, z), z), (road.x(edge, z * 1.19), z * 1.19))
    if rng.random() < 0.4:
        spacing, tall = rng.uniform(20, 45), rng.uniform(7, 12)
        for k in range(8):
            z = 8 + spacing * (k + rng.uniform(0, 0.1))
            things.add(z, lamp, shot, road.x(road.half + 1.5, z), z, tall, -2.5)
    if rng.random() < 0.35:
        z = rng.uniform(10, 60)
        x = road.x(road.half + rng.uniform(2, 5), z)
        things.add(z, sign, shot, x, z, 2.5, (rng.uniform(1, 4), rng.uniform(1, 2.5)))
    if rng.random() < 0.18:
        z = rng.uniform(35, 160)
        things.add(z, _bridge, shot, z)


def _traffic(things: BackToFront, shot: Shot, road: Road) -> None:
    """Add cars and trucks on the carriageways."""
    rng = shot.rng
    if rng.random() < 0.2:
        return
    for _ in range(int(rng.integers(1, 16))):
        z = 10 ** rng.uniform(0.9, 2.3)
        aside = rng.uniform(-road.half + 2, road.half - 2)
        if road.strip and rng.random() < 0.5:
            aside -= road.strip + 2 * road.half
        things.add(z, car, shot, road.x(aside, z), z, large=rng.random() < 0.15)


def _barrier(shot: Shot, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Paint a segment of crash barrier from (x, z) to (x, z), with its post."""
    (x0, z0), (x1, z1) = start, end
    scale = shot.view.focal * shot.side / z0
    metal = shot.hazed(shot.light.on(rgb(0.6, 0.61, 0.62), 0.4), z0)
    foot, near, far = shot.pixels([(x0, 0, z0), (x0, 0.7, z0), (x1, 0.7, z1)])
    shot.stroke(foot, near, 0.12 * scale, metal * 0.6)
    shot.stroke(near, far, 0.3 * scale, metal)


def _bridge(shot: Shot, z: float) -> None:
    """Paint an overpass `z` meters ahead."""
    rng = shot.rng
    gray = jitter(rng, rgb(0.6, 0.58, 0.55), 0.15)
    for x in (-28, -9, 9, 28):
        box(shot, (x + rng.uniform(-3, 3), 0, z), (1.5, 6, 3), gray)
    box(shot, (0, 6, z), (300, rng.uniform(1.2, 2.2), 9), gray)
