"""Class "inside_city": facades across the street, seen more or less head-on."""

import math
from dataclasses import dataclass

import numpy as np

from strata.scenes.elements import trees
from strata.scenes.elements.buildings import building, wall
from strata.scenes.elements.land import MEADOW, grow, stand_tree
from strata.scenes.elements.light import jitter, light, rgb
from strata.scenes.elements.objects import box, fence, house, person
from strata.scenes.elements.painters_algorithm import BackToFront
from strata.scenes.elements.shot import Shot, View
from strata.scenes.elements.sky import paint_sky
from strata.scenes.elements.style import PLASTER, STONE, house_style, tower_style
from strata.scenes.elements.terrain import Terrain
from strata.scenes.elements.traffic import asphalt, car, lamp, pave, sign

Array = np.ndarray


@dataclass(frozen=True)
class Frontage:
    """Building line, along which the facades stand.

    Attributes:
        away: distance from the camera, in meters.
        yaw: angle between facades and picture plane, in radians.
        walk: width of the sidewalk, in meters.
    """

    away: float
    yaw: float
    walk: float

    def at(self, along: float, before: float) -> tuple[float, float]:
        """Position (x, z) of a point `along` the facades and `before` meters in front of them."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        depth = self.away - before
        return c * along + s * depth, c * depth - s * along


def inside_city(rng: np.random.Generator, side: int) -> Shot:
    """Compose a picture of an inner city on a (side, side) canvas."""
    mood = light(rng, day=7, overcast=4, golden=1.5, sunset=0.2, fog=0.15, night=0.5)
    view = View(
        rng.uniform(0.5, 0.82),
        rng.uniform(1.5, 3.5),
        rng.uniform(0.7, 1.3),
        rng.uniform(0.3, 0.7),
        rng.uniform(0, 0.12),
    )
    shot = Shot(side, rng, mood, view)
    paint_sky(shot)
    frontage = Frontage(rng.uniform(9, 26), rng.normal(0, 0.28), rng.uniform(1.5, 4))
    _square(shot, frontage)
    things = BackToFront()
    kind = rng.choice(["row", "portico", "corner", "cottages"], p=[0.58, 0.12, 0.18, 0.12])
    if kind == "cottages":
        _cottages(things, shot, frontage.away)
    elif kind == "corner":
        _corner(things, shot, frontage.away)
    else:
        tall = _fronts(things, shot, frontage)
        if kind == "portico":
            _portico(things, shot, frontage, tall)
    _passers(things, shot, frontage)
    things.paint()
    return shot


def _square(shot: Shot, frontage: Frontage) -> None:
    """Paint the sidewalk, a road along it, a lawn."""
    rng = shot.rng
    ground = Terrain(shot, shot.view.eye * 0.6, 5, 250)
    c, s = math.cos(frontage.yaw), math.sin(frontage.yaw)
    before = frontage.away - (c * ground.z - s * ground.x)
    pave(ground)
    if rng.random() < 0.75:
        asphalt(ground, (before > frontage.walk).astype(np.float32))
        ground.mix(rgb(0.7, 0.69, 0.66), 0.8 * (np.abs(before - frontage.walk) < 0.15))
    if rng.random() < 0.2:
        grass = trees.pick(rng, MEADOW)[:, None, None] * (1 + 0.3 * ground.noise(1, 4, 0.9))
        ground.mix(grass, (before < frontage.walk * 1.5).astype(np.float32))
    flat = np.zeros_like(ground.x)
    ground.lit(flat, flat)
    ground.paint()


def _tall(rng: np.random.Generator, away: float) -> float:
    """Draw the height in meters of a house that fills much of the frame at `away` meters."""
    return min(max(away * rng.uniform(0.35, 1.3), 4), 40)


def _fronts(things: BackToFront, shot: Shot, frontage: Frontage) -> float:
    """Add a row of houses; return their mean height in meters."""
    rng = shot.rng
    reach = frontage.away / shot.view.focal * 1.1 + 6
    x, tall = -reach, _tall(rng, frontage.away)
    ragged = rng.uniform(0.05, 0.4)
    while x < reach:
        width = rng.uniform(7, 24)
        height = max(3.5, tall * (1 + rng.normal(0, ragged)))
        style = house_style(rng) if height < 26 else tower_style(rng)
        start, end = frontage.at(x, 0), frontage.at(x + width, 0)
        if min(start[1], end[1]) > 1.5 and rng.random() < 0.95:
            things.add((start[1] + end[1]) / 2 + 20, wall, shot, start, end, height, style)
        x += width
    if rng.random() < 0.3:  # a tower behind
        z = frontage.away + rng.uniform(25, 90)
        spot = (rng.uniform(-0.5, 0.5) * reach, 0, z)
        size = (rng.uniform(12, 30), rng.uniform(25, 70), 20)
        things.add(z + 30, building, shot, spot, size, tower_style(rng))
    return tall


def _portico(things: BackToFront, shot: Shot, frontage: Frontage, height: float) -> None:
    """Add a portico: columns on steps under an architrave and a pediment."""
    rng = shot.rng
    stone = trees.pick(rng, STONE + PLASTER[:2])
    count, gap = int(rng.integers(4, 9)), rng.uniform(2.2, 4)
    tall, thick = min(height * rng.uniform(0.6, 0.9), 14), rng.uniform(0.6, 1.1)
    span, middle = gap * count, rng.uniform(-4, 4)
    turn = frontage.yaw
    for k in range(3):
        x, z = frontage.at(middle, 3.4 - 0.4 * k)
        step = (span + 2 - k * 0.5, 0.2, 2)
        things.add(z + 8 - k, box, shot, (x, 0.2 * k, z), step, stone, turn=turn)
    for k in range(count):
        x, z = frontage.at(middle + (k - (count - 1) / 2) * gap, 2)
        size = (thick, tall, thick)
        things.add(z + 2, box, shot, (x, 0.6, z), size, stone, turn=turn, taper=(0.15, 0.15))
    x, z = frontage.at(middle, 2)
    beam = (span, tall * 0.16, 1.6)
    things.add(z - 20, box, shot, (x, 0.6 + tall, z), beam, stone * 0.95, turn=turn)
    if rng.random() < 0.6:
        foot, top = 0.6 + tall * 1.16, 0.6 + tall * 1.5
        (x0, z0), (x1, z1) = (frontage.at(middle + u * span, 2.8) for u in (-0.5, 0.5))
        corners = [(x0, foot, z0), (x1, foot, z1), (x, top, (z0 + z1) / 2)]
        if min(z0, z1) > 1:
            color = shot.light.on(stone, -float(shot.light.sun[2]))
            things.add(z - 21, shot.fill, shot.pixels(corners), color)


def _corner(things: BackToFront, shot: Shot, away: float) -> None:
    """Add blocks at a street corner, with two facades of each in view."""
    rng = shot.rng
    for k in range(int(rng.integers(1, 4))):
        z = away * (1 + 0.8 * k) + 14
        x = rng.uniform(-0.35, 0.35) * z * (1 + k)
        size = (rng.uniform(14, 34), _tall(rng, z), rng.uniform(14, 30))
        style = house_style(rng) if size[1] < 24 else tower_style(rng)
        things.add(z + 20, building, shot, (x, 0, z), size, style, turn=rng.uniform(-0.8, 0.8))


def _cottages(things: BackToFront, shot: Shot, away: float) -> None:
    """Add small houses with gardens."""
    rng = shot.rng
    walls = [*PLASTER, rgb(0.6, 0.62, 0.6), rgb(0.5, 0.3, 0.25), rgb(0.85, 0.85, 0.83)]
    gap, first, z = rng.uniform(11, 17), rng.uniform(-5, 5), away + 5
    for k in (-1, 0, 1):
        paint, roof = trees.pick(rng, walls), jitter(rng, rgb(0.35, 0.25, 0.22), 0.2)
        spot = (first + k * gap, 0, z)
        things.add(z + 20, house, shot, spot, rng.uniform(8, 12), paint, roof)
    sprites = grow(shot, "broadleaf", trees.GREEN, 2, 0.4)
    for _ in range(int(rng.integers(2, 6))):
        x, z = rng.uniform(-0.6, 0.6) * away, away * rng.uniform(0.8, 1.6)
        sprite = sprites[int(rng.integers(2))]
        things.add(z + 15, stand_tree, shot, sprite, x, z, rng.uniform(4, 10))
    if rng.random() < 0.5:
        z = away - 3
        things.add(z, fence, shot, (-z, z), (z, z + rng.uniform(-2, 2)), 0)


def _passers(things: BackToFront, shot: Shot, frontage: Frontage) -> None:
    """Add traffic across the view, and trees, lamps, signs and people in front of the facades."""
    rng = shot.rng
    walk, away = frontage.walk, frontage.away
    wide = away / shot.view.focal * 0.6
    if rng.random() < 0.65:
        lane, crowd = min(walk + 1.3, away - 4), rng.uniform(0.2, 1)
        along = rng.uniform(-wide - 5, -wide + 5)
        while along < wide + 5:
            if rng.random() < crowd:
                x, z = frontage.at(along, lane)
                turn = math.pi / 2 + rng.normal(0, 0.05)
                things.add(z, car, shot, x, z, turn, large=rng.random() < 0.1)
            along += rng.uniform(5, 8)
    if rng.random() < 0.3:
        kind = "bare" if rng.random() < 0.3 else "broadleaf"
        sprites = grow(shot, kind, trees.GREEN + trees.AUTUMN[:1], 2, 0.4)
        for _ in range(int(rng.integers(1, 4))):
            x, z = frontage.at(rng.uniform(-wide, wide), rng.uniform(0.5, walk))
            sprite = sprites[int(rng.integers(2))]
            things.add(z, stand_tree, shot, sprite, x, z, rng.uniform(3, 8))
    for _ in range(int(rng.poisson(2))):
        x, z = frontage.at(rng.uniform(-wide, wide), rng.uniform(0.4, away * 0.5))
        things.add(z, person, shot, x, z)
    if rng.random() < 0.4:
        x, z = frontage.at(rng.uniform(-wide, wide), rng.uniform(walk * 0.7, walk))
        things.add(z, lamp, shot, x, z, 5.5, rng.choice([-1.0, 1.0]))
    if rng.random() < 0.25:
        x, z = frontage.at(rng.uniform(-wide, wide), rng.uniform(walk * 0.7, walk))
        things.add(z, sign, shot, x, z, 2.2, (0.9, 0.9))
