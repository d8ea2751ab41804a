"""Class "street": a street canyon that recedes from the camera."""

import numpy as np

from strata.scenes.elements import trees
from strata.scenes.elements.buildings import wall
from strata.scenes.elements.land import grow, stand_tree
from strata.scenes.elements.light import jitter, light, rgb
from strata.scenes.elements.noise import smoothstep
from strata.scenes.elements.objects import box, person
from strata.scenes.elements.painters_algorithm import BackToFront
from strata.scenes.elements.shot import Shot, View
from strata.scenes.elements.sky import paint_sky
from strata.scenes.elements.style import Style, house_style
from strata.scenes.elements.terrain import Terrain
from strata.scenes.elements.traffic import PAINT, asphalt, car, lamp, line, pave, sign

Array = np.ndarray


def street(rng: np.random.Generator, side: int) -> Shot:
    """Compose a picture of a street on a (side, side) canvas."""
    mood = light(rng, day=6, overcast=4, golden=1.5, sunset=0.4, fog=0.2, night=0.6)
    view = View(
        rng.uniform(0.42, 0.68),
        rng.uniform(1.5, 4),
        rng.uniform(0.65, 1.15),
        rng.uniform(0.25, 0.75),
    )
    shot = Shot(side, rng, mood, view)
    paint_sky(shot)
    half, walk = rng.uniform(2.5, 8), rng.uniform(1.2, 3.5)
    length = rng.uniform(35, 180)
    _carriageway(shot, half)
    things = BackToFront()
    tall, ragged = rng.uniform(5, 22), rng.uniform(0.03, 0.45)
    for outward in (-1, 1):
        end = _row(things, shot, half + walk, length, outward, tall, ragged)
    if rng.random() < 0.55:  # a house closes the view
        x, z = half + walk + 10, end + 12
        height = tall * rng.uniform(0.5, 1.3)
        things.add(z, wall, shot, (-x, z), (x, z), height, house_style(rng))
    far = min(length, 110)
    for outward in (-1, 1):
        _curbside(things, shot, half, far, outward)
    _passers(things, shot, half, walk, far)
    things.paint()
    return shot


def _carriageway(shot: Shot, half: float) -> None:
    """Paint the roadway between sidewalks: lane markings, a crosswalk, the shadow of one side."""
    rng, light = shot.rng, shot.light
    ground = Terrain(shot, shot.view.eye * 0.7, 8, 400)
    aside = np.abs(ground.x)
    pave(ground)
    asphalt(ground, (aside < half).astype(np.float32))
    line(ground, aside, half, 0.25)
    if rng.random() < 0.5:
        line(ground, ground.x, 0, 0.15, 3.0 if rng.random() < 0.5 else 0.0)
    if rng.random() < 0.25:
        start = rng.uniform(5, 15)
        bars = (np.floor(ground.x / 0.6) % 2 == 0) & (ground.z > start) & (ground.z < start + 3)
        ground.mix(PAINT, 0.8 * (bars & (aside < half)))
    sunward = 1 if light.sun[0] > 0 else -1
    shade = smoothstep(-0.3, 0.3, ground.x * sunward + half * rng.uniform(-1, 1))
    flat = np.zeros_like(ground.x)
    ground.lit(flat, flat)
    ground.color *= 1 - 0.45 * shade * float(light.direct.max())
    ground.paint()


def _row(
    things: BackToFront,
    shot: Shot,
    edge: float,
    length: float,
    outward: int,
    tall: float,
    ragged: float,
) -> float:
    """Add houses on the left (outward -1) or right (1) side; return their end in meters."""
    rng = shot.rng
    # Start where the houses come into view.
    z = max(1.5, edge * shot.view.focal * rng.uniform(0.8, 1.4))
    while z < length:
        # Far houses are wider: single ones are indistinct there.
        width = rng.uniform(6, 18) * max(1, z / 50)
        height = max(3.5, tall * (1 + rng.normal(0, ragged)))
        x = outward * (edge + rng.uniform(0, 0.6))
        tile = rgb(0.4, 0.26, 0.22) if rng.random() < 0.5 else rgb(0.3, 0.3, 0.32)
        if rng.random() < 0.93:
            style = house_style(rng)
            things.add(z, _terrace, shot, x, (z, z + width), height, style, jitter(rng, tile))
        z += width + (rng.uniform(2, 8) if rng.random() < 0.12 else 0)
    return z


def _terrace(
    shot: Shot, x: float, depth: tuple[float, float], height: float, style: Style, roof: Array
) -> None:
    """Paint a terraced house: gable end, roof and facade."""
    near, far = depth
    outward = 1 if x > 0 else -1
    plain = style.wall * 0.8
    box(shot, (x + outward * 4, 0, (near + far) / 2), (8, height, far - near), plain)
    ridge = x + outward * 4
    end = [(x, height, near), (ridge, height + 3, near), (ridge + outward * 4, height, near)]
    shot.fill(shot.pixels(end), shot.hazed(shot.light.on(plain, -float(shot.light.sun[2])), near))
    slope = [
        (x, height, near),
        (x, height, far),
        (ridge, height + 3, far),
        (ridge, height + 3, near),
    ]
    shot.fill(shot.pixels(slope), shot.hazed(shot.light.on(roof, 0.4), near))
    left, right = ((x, near), (x, far)) if outward < 0 else ((x, far), (x, near))
    wall(shot, left, right, height, style)


def _curbside(things: BackToFront, shot: Shot, half: float, far: float, outward: int) -> None:
    """Add parked cars, trees and lamps on one side."""
    rng = shot.rng
    if half > 3.2 and rng.random() < 0.65:
        z, share = rng.uniform(4, 9), rng.uniform(0.3, 1)
        while z < far:
            if rng.random() < share:
                things.add(z, car, shot, outward * (half - 1.1), z)
            z += rng.uniform(5, 7) * max(1, z / 40)
    if rng.random() < 0.35:
        kind = "bare" if rng.random() < 0.35 else "broadleaf"
        sprites = grow(shot, kind, trees.GREEN if rng.random() < 0.8 else trees.AUTUMN, 2, 0.4)
        tall, step = rng.uniform(5, 11), rng.uniform(7, 14)
        for z in np.arange(rng.uniform(7, 14), far, step).tolist():
            sprite = sprites[int(rng.integers(2))]
            things.add(z, stand_tree, shot, sprite, outward * (half + 0.8), z, tall)
    if rng.random() < 0.4:
        for z in np.arange(rng.uniform(6, 15), far, rng.uniform(15, 30)).tolist():
            things.add(z, lamp, shot, outward * (half + 0.4), z, 6, -1.2 * outward)


def _passers(things: BackToFront, shot: Shot, half: float, walk: float, far: float) -> None:
    """Add moving cars, people on the sidewalk, a sign."""
    rng = shot.rng
    for _ in range(int(rng.poisson(1.5))):
        z = rng.uniform(9, far)
        x = rng.uniform(-0.5, 0.5) * half
        things.add(z, car, shot, x, z, large=rng.random() < 0.1)
    for _ in range(int(rng.poisson(2))):
        z = rng.uniform(5, 40)
        things.add(z, person, shot, rng.choice([-1.0, 1.0]) * (half + rng.uniform(0.2, walk)), z)
    if rng.random() < 0.3:
        z = rng.uniform(6, 25)
        x = rng.choice([-1.0, 1.0]) * (half + 0.5)
        things.add(z, sign, shot, x, z, 2.2, (0.8, 0.8))
