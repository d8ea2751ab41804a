"""Roads and traffic: asphalt, lane markings, cars, street lamps, signs."""

import math
from dataclasses import dataclass

import numpy as np

from strata.scenes.elements.light import jitter, rgb
from strata.scenes.elements.objects import box, glow
from strata.scenes.elements.shot import Shot
from strata.scenes.elements.terrain import Terrain
from strata.scenes.elements.trees import pick

Array = np.ndarray

ASPHALT = [rgb(0.3, 0.3, 0.31), rgb(0.4, 0.39, 0.38), rgb(0.22, 0.22, 0.24), rgb(0.48, 0.46, 0.43)]
PAVEMENT = [rgb(0.58, 0.56, 0.53), rgb(0.5, 0.47, 0.44), rgb(0.66, 0.62, 0.56)]
PAINT = rgb(0.88, 0.87, 0.82)
CARS = [
    rgb(0.85, 0.85, 0.86),
    rgb(0.12, 0.12, 0.13),
    rgb(0.45, 0.46, 0.48),
    rgb(0.55, 0.08, 0.07),
    rgb(0.1, 0.18, 0.4),
    rgb(0.75, 0.6, 0.12),
    rgb(0.12, 0.28, 0.2),
]


def pave(ground: Terrain) -> None:
    """Cover the whole ground with paving stones."""
    ground.mix(pick(ground.shot.rng, PAVEMENT))
    ground.color *= 1 + 0.15 * ground.noise(1.5, 4, 0.8)


def asphalt(ground: Terrain, mask: Array) -> None:
    """Cover the ground with worn asphalt by `mask`, 0 to 1."""
    rng = ground.shot.rng
    tar = pick(rng, ASPHALT)[:, None, None]
    wear = 1 + 0.06 * ground.noise(0.5, 3, 0.9) + 0.08 * ground.noise(6, 3)
    ground.mix(tar * wear, mask)
    ground.rough *= 1 - 0.8 * mask


def line(ground: Terrain, aside: Array, place: float, width: float, dash: float = 0.0) -> None:
    """Paint a lane marking along the road.

    Args:
        ground: the terrain.
        aside: (slices, columns) meters right of the road's middle.
        place: position of the line, meters right of the middle.
        width: width of the line in meters.
        dash: length of the dashes in meters, with gaps of twice that; 0 for a solid line.
    """
    edge = np.maximum(ground.z / (ground.shot.view.focal * ground.x.shape[1]), 0.03)
    cover = np.clip(
        (width / 2 - np.abs(aside - place)) / edge + 0.5, 0, np.minimum(1, width / edge)
    )
    if dash:
        cover = cover * (np.floor(ground.z / dash) % 3 == 0)
    ground.mix(PAINT, cover * 0.85)


#: Points of a wheel's rim on the unit circle.
_RIM = [(math.cos(k * math.pi / 5), math.sin(k * math.pi / 5)) for k in range(10)]


@dataclass(frozen=True)
class _CarPose:
    """Position (x, z) of a car in meters and its rotation in radians."""

    x: float
    z: float
    turn: float

    def at(self, aside: float, up: float, ahead: float) -> tuple[float, float, float]:
        """Transform a point from car to world coordinates: meters to the right, up, forward."""
        c, s = math.cos(self.turn), math.sin(self.turn)
        return self.x + c * aside + s * ahead, up, self.z + c * ahead - s * aside

    def shows(self, right: float, ahead: float) -> bool:
        """Test if a side (`right` 1 or -1) or an end (`ahead` 1 or -1) faces the camera."""
        x, _, z = self.at(right, 0, ahead)
        return (x - self.x) * x + (z - self.z) * z < 0


def car(shot: Shot, x: float, z: float, turn: float = 0.0, *, large: bool = False) -> None:
    """Paint a car, or a van or truck if `large`; rear view at `turn` 0, rotated in radians."""
    rng, light = shot.rng, shot.light
    color = jitter(rng, CARS[int(rng.integers(len(CARS)))], 0.1)
    width, length = (2.4, rng.uniform(5.5, 11)) if large else (1.75, rng.uniform(3.7, 4.7))
    away = rng.random() < 0.5
    if z - length * 0.6 < (8 if large else 1):
        return
    place = _CarPose(x, z, turn)
    if z > 45 * shot.view.focal and not large:  # too far for details
        box(shot, place.at(0, 0.2, 0), (width, 1.1, length), color, turn=turn)
        _lights(shot, place, width, length, rgb(0.8, 0.06, 0.05) if away else rgb(0.95, 0.93, 0.85))
        return
    w, h = width * 0.55, length * 0.52
    shadow = [place.at(u, 0, v) for u, v in ((-w, -h), (w, -h), (w, h), (-w, h))]
    shot.fill(shot.pixels(shadow), shot.hazed(rgb(0.06, 0.06, 0.07) * (0.3 + light.ambient), z))
    if large:
        size = (width, rng.uniform(1.8, 2.8), length)
        box(shot, place.at(0, 0.7, 0), size, color, turn=turn)
    else:
        body = rng.uniform(0.55, 0.68)
        glass = rgb(0.05, 0.06, 0.08) + light.horizon * 0.18 / np.maximum(light.ambient, 0.1)
        panes = dict.fromkeys(("front", "left", "right", "back"), glass)
        cabin = (width * 0.9, rng.uniform(0.5, 0.75), length * rng.uniform(0.5, 0.66))
        roof = place.at(0, 0.25 + body, -length * 0.06)
        box(shot, place.at(0, 0.25, 0), (width, body, length), color, turn=turn)
        box(shot, roof, cabin, color, turn=turn, taper=(0.2, 0.35), paint=panes)
    _wheels(shot, place, width, length, 0.5 if large else 0.31)
    _lights(shot, place, width, length, rgb(0.8, 0.06, 0.05) if away else rgb(0.95, 0.93, 0.85))


def _wheels(shot: Shot, place: _CarPose, width: float, length: float, radius: float) -> None:
    """Paint the wheels of the visible side."""
    tire = shot.hazed(shot.light.on(rgb(0.05, 0.05, 0.05), 0.5), place.z)
    for flank in (-1, 1):
        if not place.shows(flank, 0):
            continue
        for axle in (-0.31 * length, 0.31 * length):
            rim = [
                place.at(flank * width * 0.51, radius * (1 + sine), axle + radius * cosine)
                for cosine, sine in _RIM
            ]
            shot.fill(shot.pixels(rim), tire)


def _lights(shot: Shot, place: _CarPose, width: float, length: float, lamp: Array) -> None:
    """Paint two lights on the end that faces the camera, with a halo at night."""
    light, z = shot.light, place.z
    bright = shot.hazed(lamp if light.night > 0.3 else light.on(lamp, 0.5), z)
    spots = [(-0.14, 0.65), (0.14, 0.65), (0.14, 0.79), (-0.14, 0.79)]
    for end in (-1, 1):
        if not place.shows(0, end):
            continue
        for middle in (-0.36 * width, 0.36 * width):
            outline = shot.pixels([place.at(middle + u, v, end * length * 0.505) for u, v in spots])
            shot.fill(outline, bright)
            if light.night > 0.3:
                x, y = outline.mean(axis=0).tolist()
                glow(shot, x, y, 0.35 * shot.view.focal * shot.side / z, lamp * light.night)


def lamp(shot: Shot, x: float, z: float, height: float, reach: float) -> None:
    """Paint a street lamp whose arm reaches `reach` meters to the right."""
    light = shot.light
    gray = shot.hazed(light.on(jitter(shot.rng, rgb(0.35, 0.36, 0.36), 0.2), 0.4), z)
    foot, head, tip = shot.pixels([(x, 0, z), (x, height, z), (x + reach, height * 1.03, z)])
    scale = shot.view.focal * shot.side / z
    shot.stroke(foot, head, 0.14 * scale, gray)
    shot.stroke(head, tip, 0.1 * scale, gray)
    if light.night > 0.3:
        glow(shot, float(tip[0]), float(tip[1]), 0.6 * scale, rgb(1.0, 0.8, 0.45) * light.night)


def sign(shot: Shot, x: float, z: float, height: float, size: tuple[float, float]) -> None:
    """Paint a road sign or a billboard of `size` meters on a post of `height` meters."""
    rng = shot.rng
    colors = [rgb(0.05, 0.3, 0.15), rgb(0.08, 0.2, 0.5), rgb(0.9, 0.9, 0.88), rgb(0.75, 0.1, 0.1)]
    color = jitter(rng, colors[int(rng.integers(4))])
    foot, head = shot.pixels([(x, 0, z), (x, height, z)])
    scale = shot.view.focal * shot.side / z
    shot.stroke(foot, head, 0.12 * scale, shot.hazed(rgb(0.3, 0.3, 0.3) * shot.light.ambient, z))
    w, h = size[0] / 2, size[1]
    panel = [(x - w, height, z), (x + w, height, z), (x + w, height + h, z), (x - w, height + h, z)]
    shot.fill(shot.pixels(panel), shot.hazed(shot.light.on(color, 0.4), z))
    ink = shot.hazed(
        shot.light.on(rgb(0.9, 0.9, 0.9) if color.mean() < 0.5 else color * 0.2, 0.4), z
    )
    for level in rng.uniform(0.2, 0.8, 2):
        y = height + h * level
        a, b = shot.pixels([(x - w * 0.7, y, z), (x + w * rng.uniform(0, 0.7), y, z)])
        shot.stroke(a, b, h * 0.12 * scale, ink)
