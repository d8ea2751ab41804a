"""Class "forest": among the trunks, at the edge of a clearing, or on a hillside."""

from dataclasses import replace

import cv2
import numpy as np

from strata.scenes.elements import trees
from strata.scenes.elements.land import DRY, EARTH, MEADOW, SNOW, WATER, clothe, grow, lane, plant
from strata.scenes.elements.light import jitter, light, rgb
from strata.scenes.elements.noise import smoothstep, texture
from strata.scenes.elements.shot import Shot, View, blend
from strata.scenes.elements.sky import paint_sky
from strata.scenes.elements.terrain import Terrain, paint_water

Array = np.ndarray

BIRCH = rgb(0.82, 0.8, 0.76)


def forest(rng: np.random.Generator, side: int) -> Shot:
    """Compose a picture of a forest on a (side, side) canvas."""
    return _interior(rng, side) if rng.random() < 0.55 else _stand(rng, side)


def _season(rng: np.random.Generator) -> list[Array]:
    """Draw a season; return its palette of foliage colors."""
    kind = rng.choice(["summer", "autumn", "turning", "pine"], p=[0.5, 0.17, 0.13, 0.2])
    return {
        "summer": trees.GREEN + MEADOW[:1],
        "autumn": trees.AUTUMN,
        "turning": trees.AUTUMN + trees.GREEN,
        "pine": trees.PINE,
    }[str(kind)]


def _interior(rng: np.random.Generator, side: int) -> Shot:
    """Compose a view among the trees: trunks, backlit leaves, a floor of litter or grass."""
    mood = light(rng, day=6, overcast=3, golden=1.5, fog=0.7)
    leaves = _season(rng)
    # In a forest, haze has the color of light filtered by the leaves.
    gap = mood.horizon * 0.55 + trees.pick(rng, leaves) * rng.uniform(0.2, 0.9)
    mood = replace(mood, haze=10 ** rng.uniform(1.2, 2.3), horizon=gap * rng.uniform(0.5, 1.0))
    view = View(rng.uniform(0.35, 0.75), rng.uniform(1.2, 4), rng.uniform(0.8, 1.4))
    shot = Shot(side, rng, mood, view)
    shot.rgb[:] = mood.horizon
    sky = np.minimum(mood.direct + mood.ambient, 1.1)
    _leaves(shot, leaves, 60, gap=sky)
    _floor(shot, leaves)
    bark = trees.pick(rng, [*trees.BARK, BIRCH], 0.15)
    strip = texture(rng, (side, max(16, side // 4)), cells=3, gain=0.85, stretch=0.12)
    if bark.mean() > 0.6:  # the dark marks of birch bark are horizontal
        marks = texture(rng, strip.shape, cells=30, gain=0.7, stretch=4)
        strip = np.where(marks > 0.6, -1.3, strip * 0.3).astype(np.float32)
    crowd = rng.uniform(0.4, 1.6)
    for z in np.geomspace(35, rng.uniform(2.5, 9), 5):
        for _ in range(int(rng.poisson(crowd * (2 + z / 7)))):
            _trunk(shot, strip, bark, float(z * rng.uniform(0.85, 1.15)))
        _leaves(shot, leaves, float(z))
    return shot


def _floor(shot: Shot, leaves: list[Array]) -> None:
    """Paint the floor: litter, grass or snow in patches of sunlight, a path or a stream."""
    rng = shot.rng
    ground = Terrain(shot, shot.view.eye * 0.7, 4, 60)
    ground.height = ground.noise(rng.uniform(4, 12), 3) * rng.uniform(0, 0.5)
    ground.height += np.abs(ground.x) * rng.uniform(0, 0.15)
    ground.clear()
    soils = [[*EARTH, *leaves], MEADOW + trees.GREEN, SNOW]
    clothe(ground, soils[int(rng.choice(3, p=[0.5, 0.42, 0.08]))])
    water = rng.random() < 0.18
    if not water and rng.random() < 0.3:
        lane(ground)
    right, ahead = ground.slopes()
    sun = smoothstep(0.0, 0.5, ground.noise(rng.uniform(0.8, 3), 3) + rng.uniform(-0.5, 0.3))
    ground.lit(right, ahead)
    ground.color *= 0.5 + 0.7 * sun
    if water:
        aside = np.abs(ground.x + ground.noise(10, 3) * 2 + rng.uniform(-2, 2))
        width = rng.uniform(1, 5)
        bed = smoothstep(width, width * 0.8, aside + 0.5 * ground.noise(1.5, 3))
        paint_water(ground, bed, bed * 0, trees.pick(rng, [*WATER, *EARTH]), rng.uniform(0.05, 0.5))
    ground.rough += 0.15
    ground.paint()


def _trunk(shot: Shot, strip: Array, bark: Array, z: float) -> None:
    """Paint one trunk with bark and cylindrical shading, from the floor to beyond the frame."""
    rng, view, side = shot.rng, shot.view, shot.side
    scale = view.focal * side / z
    wide = rng.lognormal(-1.25, 0.45) * scale
    foot = (view.horizon + view.focal * view.eye / z) * side
    x, lean = rng.uniform(-0.05, 1.05) * side, rng.normal(0, 0.05)
    bend = rng.normal(0, 0.03) * side
    bottom = min(side, int(foot))
    color, lit = jitter(rng, bark, 0.12), shot.light.ambient * 0.6 + shot.light.direct * 0.6
    if wide < 3 * side / 192:
        shot.stroke(
            np.array([x, foot]),
            np.array([x + lean * foot, 0]),
            wide,
            shot.hazed(0.4 * color * lit, z),
        )
        return
    y = np.arange(bottom, dtype=np.float32)
    up = (foot - y) / side
    middle = x + lean * (foot - y) + bend * np.sin(up * 3)
    half = 0.5 * wide * (1 - 0.3 * np.minimum(up, 1)) * (1 + 0.35 * np.exp(-up * 25))
    left = int(max(0, np.floor(float((middle - half).min()))))
    right = int(min(side, np.ceil(float((middle + half).max())) + 1))
    if right <= left or bottom < 2:
        return
    across = (np.arange(left, right, dtype=np.float32) + 0.5 - middle[:, None]) / half[:, None]
    alpha = np.clip((1 - np.abs(across)) * half[:, None] + 0.5, 0, 1)
    rows = np.broadcast_to(y[:, None], across.shape)
    columns = (across * 0.5 + 0.5) * (strip.shape[1] - 1)
    furrow = cv2.remap(strip, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    sun = shot.light.sun
    round_ = 0.45 + 0.45 * across * float(np.sign(sun[0])) - 0.25 * across * across
    shade = np.clip(round_, 0.05, 1) * (1 + 0.4 * furrow)
    clear = float(np.exp(-z / shot.light.haze))
    planes = [
        color[k] * lit[k] * shade * clear + float(shot.light.horizon[k]) * (1 - clear)
        for k in range(3)
    ]
    blend(shot.rgb[:bottom, left:right], cv2.merge(planes), alpha)


def _leaves(shot: Shot, colors: list[Array], z: float, gap: Array | None = None) -> None:
    """Paint the foliage at distance `z`: canopy above, undergrowth below, lit from above.

    With `gap`, a color, it fills the picture, and the gaps between leaves have that color.
    """
    rng, side, light = shot.rng, shot.side, shot.light
    scale = float(np.clip(30 / z, 0.5, 6))
    clump = texture(rng, (side, side), cells=4 / scale**0.5 + 1, gain=0.75)
    y = np.linspace(0, 1, side, dtype=np.float32)[:, None]
    foot = shot.view.horizon + shot.view.focal * shot.view.eye / z
    canopy = (rng.uniform(0.0, 0.6) - y) * 2.5
    shrubs = 2.0 - np.abs(y - foot + 0.1) * rng.uniform(6, 16) * max(1.0, scale * 0.6)
    dense = rng.uniform(-1.2, 0.3)
    field = clump + np.maximum(canopy, shrubs - rng.uniform(1, 3)) + dense
    field = np.where(y > foot, np.minimum(field, (foot - y) * 20 + 0.2), field)
    alpha = smoothstep(0.0, 0.25, field)
    if gap is not None:
        alpha = np.ones_like(alpha)
    relief = clump - np.roll(clump, (-max(1, side // 48), side // 64), (0, 1))
    shade = np.clip(0.4 + 0.3 * clump - 0.5 * relief + 0.3 * shot.grain, 0.03, 1.2)
    color = trees.pick(rng, colors, 0.15)
    clear = float(np.exp(-z / light.haze))
    hues = smoothstep(-0.2, 0.6, np.roll(clump, side // 3, 1))
    other = trees.pick(rng, colors, 0.2)
    planes = []
    for k in range(3):
        pigment = color[k] + (other[k] - color[k]) * hues
        lit = pigment * (light.ambient[k] * 0.8 + light.direct[k]) * shade
        planes.append(lit * clear + float(light.horizon[k]) * (1 - clear))
    image = cv2.merge(planes)
    if gap is not None:
        bright = smoothstep(0.35, 0.7, clump + (0.6 - y) * rng.uniform(-0.5, 1.2))
        blend(image, gap, bright * rng.uniform(0.5, 1))
    blend(shot.rgb, image, alpha)


def _stand(rng: np.random.Generator, side: int) -> Shot:
    """Compose a view from outside: a wooded hillside, or the edge of a clearing."""
    mood = light(rng, day=6, overcast=3, golden=1.5, fog=0.3)
    hillside = rng.random() < 0.5
    horizon = rng.uniform(0.6, 0.9) if hillside else rng.uniform(0.45, 0.68)
    view = View(horizon, rng.uniform(2, 12), rng.uniform(0.9, 1.7))
    shot = Shot(side, rng, mood, view)
    paint_sky(shot)
    near = rng.uniform(12, 35) + view.eye * 2
    ground = Terrain(shot, view.eye * 0.7, near * 0.5, 1500)
    steep = rng.uniform(0.3, 0.8) if hillside else rng.uniform(0, 0.1)
    crest = rng.uniform(150, 600)
    ground.height = np.minimum(np.maximum(ground.z - near, 0), crest) * steep
    ground.height = ground.height + ground.noise(60, 3) * 0.05 * np.minimum(ground.z, 200)
    ground.clear()
    leaves = _season(rng)
    clothe(ground, leaves + MEADOW + (DRY if rng.random() < 0.3 else []))
    ground.mix(trees.pick(rng, leaves) * 0.6, smoothstep(near, near * 1.5, ground.z))
    ground.lit(*ground.slopes())
    if rng.random() < 0.15:
        pond = smoothstep(0.1, -0.1, ground.z - near * rng.uniform(0.4, 0.9)) * (ground.z > 0)
        pond = np.broadcast_to(pond, ground.x.shape)
        paint_water(ground, pond, pond * 0, trees.pick(rng, WATER), 0.08)
    ground.paint()
    kinds = ["conifer"] if leaves is trees.PINE else ["broadleaf", "broadleaf", "bush"]
    if rng.random() < 0.25:
        kinds.append("conifer")
    if rng.random() < 0.12:
        kinds = ["bare", "bare", "conifer"]
    sprites = []
    for _ in range(5):
        kind = str(rng.choice(kinds))
        sprites += grow(shot, kind, trees.PINE if kind == "conifer" else leaves, 1, 0.4)
    z = near * np.exp(shot.scatter(0, np.log(6 if hillside else 2.5), int(rng.integers(50, 90))))
    x = shot.scatter(-0.62, 0.62, len(z)) * z / view.focal
    plant(ground, sprites, x, z, 9, 21)
    return shot
