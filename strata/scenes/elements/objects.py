"""Solid objects: boxes, houses, boats, fences, people; and the glow of lamps."""

import itertools
import math

import cv2
import numpy as np

from strata.scenes.elements.light import jitter, rgb
from strata.scenes.elements.shot import Point, Shot

Array = np.ndarray

# Corners of a box (right, top, far as bits 0, 1, 2), and the outline and normal of each face.
_FACES = {
    "front": ((0, 1, 3, 2), (0, 0, -1)),
    "left": ((4, 0, 2, 6), (-1, 0, 0)),
    "right": ((1, 5, 7, 3), (1, 0, 0)),
    "top": ((2, 3, 7, 6), (0, 1, 0)),
    "back": ((5, 4, 6, 7), (0, 0, 1)),
}


def box(
    shot: Shot,
    center: Point,
    size: tuple[float, float, float],
    color: Array,
    *,
    turn: float = 0.0,
    taper: tuple[float, float] = (0.0, 0.0),
    paint: dict[str, Array] | None = None,
) -> dict[str, Array]:
    """Paint an upright box.

    Args:
        shot: the picture.
        center: (x, y, z) of the center of its base, in meters.
        size: (width, height, length), in meters.
        color: albedo (3,).
        turn: rotation about the vertical, in radians.
        taper: reduction of the top's width and length, as fractions of the base's.
        paint: albedos of single faces ("front", "left", "right", "top", "back"), over `color`.

    Returns:
        The outlines of the visible faces by name, (4, 2) in pixels.
    """
    width, height, length = size
    x0, y0, z0 = center
    c, s = math.cos(turn), math.sin(turn)
    world = []
    for corner in range(8):
        top = corner >> 1 & 1
        u = ((corner & 1) - 0.5) * width * (1 - top * taper[0])
        v = ((corner >> 2) - 0.5) * length * (1 - top * taper[1])
        world.append((x0 + c * u + s * v, y0 + top * height, z0 + c * v - s * u))
    pixels = shot.pixels(world)
    seen = {}
    for name, (outline, (right, ny, ahead)) in _FACES.items():
        nx, nz = c * right + s * ahead, c * ahead - s * right
        # Back-face culling; any corner of the face will do.
        x, y, z = world[outline[0]]
        if nx * x + ny * (y - shot.view.eye) + nz * z >= 0:
            continue
        if min(world[k][2] for k in outline) < 0.3:
            continue
        sun = shot.light.sun
        facing = nx * float(sun[0]) + ny * float(sun[1]) + nz * float(sun[2])
        albedo = paint[name] if paint and name in paint else color
        seen[name] = pixels[list(outline)]
        shot.fill(seen[name], shot.hazed(shot.light.on(albedo, facing), z0))
    return seen


def glow(shot: Shot, x: float, y: float, radius: float, color: Array) -> None:
    """Add the Gaussian halo of a lamp at pixel (x, y) with a radius in pixels."""
    r = max(2, round(radius * 3))
    span = np.arange(-r, r + 1, dtype=np.float32)
    halo = np.exp(-(span[:, None] ** 2 + span[None, :] ** 2) / (0.6 * radius * radius + 0.5))
    x0, y0 = round(x) - r, round(y) - r
    left, top = max(0, -x0), max(0, -y0)
    target = shot.rgb[max(0, y0) : max(0, y0 + 2 * r + 1), max(0, x0) : max(0, x0 + 2 * r + 1)]
    part = halo[top : top + target.shape[0], left : left + target.shape[1]]
    target += part[..., None] * color


def house(shot: Shot, spot: Point, width: float, wall: Array, roof: Array) -> None:
    """Paint a house with a gable roof and a few windows, seen along its ridge or across it."""
    x, y, z = spot
    rng, light = shot.rng, shot.light
    height = width * rng.uniform(0.35, 0.55)
    seen = box(shot, (x, y, z), (width, height, width * 0.8), wall)
    rise = width * rng.uniform(0.25, 0.5)
    half = width * 0.55
    near, far = z - width * 0.4, z + width * 0.4
    top = y + height
    if rng.random() < 0.5:
        gable = [(x - half, top, near), (x + half, top, near), (x, top + rise, near)]
        shot.fill(shot.pixels(gable), shot.hazed(light.on(wall, -light.sun[2]), z))
        side = -1.0 if x > 0 else 1.0
        slope = [gable[2], (x, top + rise, far), (x + side * half, top, far)]
        slope.append((x + side * half, top, near))
        shot.fill(
            shot.pixels(slope), shot.hazed(light.on(roof, side * light.sun[0] * 0.7 + 0.4), z)
        )
    else:
        slope = [(x - half, top, near), (x + half, top, near)]
        slope += [(x + half * 0.8, top + rise, z), (x - half * 0.8, top + rise, z)]
        facing = 0.7 * float(light.sun[1] - light.sun[2])
        shot.fill(shot.pixels(slope), shot.hazed(light.on(roof, facing), z))
    if "front" in seen:
        (x0, y0), (x1, y1) = seen["front"][0], seen["front"][2]
        lamp = rgb(1.0, 0.8, 0.4) if light.night > 0.3 else rgb(0.12, 0.14, 0.18) * light.ambient
        count = int(rng.integers(2, 5))
        for k in range(count):
            u = (k + 0.5) / count
            w, h = (x1 - x0) * 0.3 / count, (y0 - y1) * 0.18
            mx, my = x0 + (x1 - x0) * u, y1 + (y0 - y1) * 0.4
            corners = [(mx - w, my - h), (mx + w, my - h), (mx + w, my + h), (mx - w, my + h)]
            shot.fill(np.array(corners), shot.hazed(lamp, z))


def boat(shot: Shot, x: float, z: float, length: float, y: float = 0.0) -> None:
    """Paint a boat of `length` meters: sails set, sails down, or a fishing boat."""
    rng, light = shot.rng, shot.light
    hull = jitter(rng, rgb(0.9, 0.9, 0.9) if rng.random() < 0.6 else rgb(0.5, 0.15, 0.12), 0.15)
    deck = y + length * 0.12
    shape = [(-0.42, y), (0.4, y), (0.55, deck), (-0.5, deck)]
    outline = [(x + length * u, v, z) for u, v in shape]
    shot.fill(shot.pixels(outline), shot.hazed(light.on(hull, 0.4), z))
    if rng.random() < 0.6:
        top = y + length * rng.uniform(0.9, 1.4)
        foot, head = shot.pixels([(x, y, z), (x, top, z)])
        shot.stroke(foot, head, length * 0.012 * shot.side / z, shot.hazed(rgb(0.2, 0.2, 0.2), z))
        if rng.random() < 0.7:
            sail = shot.hazed(light.on(jitter(rng, rgb(0.95, 0.93, 0.88)), 0.6), z)
            for u, share in ((-0.4, 0.95), (0.35, 0.8)):
                corner = [(x, deck + length * 0.1, z), (x + u * length, deck + length * 0.1, z)]
                corner.append((x, y + (top - y) * share, z))
                shot.fill(shot.pixels(corner), sail)
    else:
        box(shot, (x, deck, z), (length * 0.3, length * 0.18, length * 0.15), rgb(0.8, 0.8, 0.78))


def person(shot: Shot, x: float, z: float, y: float = 0.0) -> None:
    """Paint a person, standing or walking."""
    rng, light = shot.rng, shot.light
    tall = rng.uniform(1.55, 1.9)
    coat = shot.hazed(light.on(rng.uniform(0.05, 0.7, 3).astype(np.float32), 0.4), z)
    legs = shot.hazed(light.on(jitter(rng, rgb(0.15, 0.16, 0.22), 0.3), 0.3), z)
    skin = shot.hazed(light.on(jitter(rng, rgb(0.7, 0.52, 0.42), 0.2), 0.5), z)
    scale = shot.view.focal * shot.side / z
    (foot,) = shot.pixels([(x, y, z)])
    wide, up = 0.2 * scale, tall * scale
    step = rng.uniform(0.05, 0.3) * scale
    hip, neck = foot - (0, 0.48 * up), foot - (0, 0.83 * up)
    right, _down = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    for aside in (-step, step):
        shot.stroke(foot + aside * right, hip, 0.16 * scale, legs)
    shoulders = [(hip[0] - wide, hip[1]), (hip[0] + wide, hip[1])]
    shoulders += [(neck[0] + wide * 1.1, neck[1]), (neck[0] - wide * 1.1, neck[1])]
    shot.fill(np.array(shoulders), coat)
    head = (round(float(foot[0])), round(float(foot[1] - 0.92 * up)))
    cv2.circle(shot.rgb, head, max(1, round(0.11 * scale)), skin.tolist(), -1)


def fence(shot: Shot, start: tuple[float, float], end: tuple[float, float], ground: float) -> None:
    """Paint a fence of posts and rails from (x, z) to (x, z), in meters."""
    rng = shot.rng
    wood = jitter(rng, rgb(0.42, 0.36, 0.3), 0.3)
    tall = rng.uniform(0.9, 1.4)
    steps = np.linspace(0, 1, int(rng.integers(9, 20)))
    posts = [
        (a * (end[0] - start[0]) + start[0], a * (end[1] - start[1]) + start[1]) for a in steps
    ]
    for (x0, z0), (x1, z1) in itertools.pairwise(posts):
        if min(z0, z1) < 0.8:
            continue
        color = shot.hazed(shot.light.on(wood, 0.4), z0)
        width = shot.view.focal * shot.side / z0
        foot, head = shot.pixels([(x0, ground, z0), (x0, ground + tall, z0)])
        shot.stroke(foot, head, 0.1 * width, color)
        for level in (0.45, 0.85):
            a, b = shot.pixels([(x0, ground + tall * level, z0), (x1, ground + tall * level, z1)])
            shot.stroke(a, b, 0.05 * width, color)
