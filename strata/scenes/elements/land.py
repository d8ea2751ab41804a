"""Ground cover and vegetation of landscapes: palettes, patches, paths, planting of trees."""

import numpy as np

from strata.scenes.elements import trees
from strata.scenes.elements.light import rgb
from strata.scenes.elements.noise import smoothstep
from strata.scenes.elements.shot import Shot, stamp
from strata.scenes.elements.terrain import Terrain

Array = np.ndarray

# Palettes: albedos in RGB.
MEADOW = [rgb(0.3, 0.42, 0.14), rgb(0.42, 0.5, 0.2), rgb(0.22, 0.36, 0.13)]
DRY = [rgb(0.62, 0.52, 0.28), rgb(0.7, 0.6, 0.36), rgb(0.5, 0.44, 0.24)]
DESERT = [rgb(0.66, 0.5, 0.36), rgb(0.6, 0.46, 0.38), rgb(0.7, 0.58, 0.44)]
EARTH = [rgb(0.38, 0.28, 0.2), rgb(0.46, 0.36, 0.28)]
SNOW = [rgb(0.9, 0.92, 0.96)]
FLOWERS = [rgb(0.75, 0.12, 0.1), rgb(0.9, 0.75, 0.1), rgb(0.5, 0.3, 0.62), rgb(0.92, 0.9, 0.85)]
SAND = [rgb(0.9, 0.83, 0.68), rgb(0.8, 0.71, 0.56), rgb(0.68, 0.63, 0.56)]
ROCK = [rgb(0.46, 0.43, 0.4), rgb(0.55, 0.47, 0.4), rgb(0.36, 0.36, 0.38), rgb(0.6, 0.42, 0.32)]
WATER = [rgb(0.06, 0.2, 0.3), rgb(0.05, 0.26, 0.32), rgb(0.12, 0.2, 0.22), rgb(0.03, 0.14, 0.3)]


def rise(ground: Terrain, shape: Array, target: float) -> Array:
    """Scale a height field so that its highest crest is `target` frame sides above the horizon."""
    view = ground.shot.view
    steepest = float((shape / ground.z).max()) * view.focal
    level = view.eye * view.focal / float(ground.z[-1, 0])
    return shape * ((target + level) / max(steepest, 1e-6))


def clothe(ground: Terrain, colors: list[Array]) -> None:
    """Cover the ground with patches of grass, scrub or soil, with fine texture."""
    rng = ground.shot.rng
    ground.mix(trees.pick(rng, colors, 0.12))
    patches = smoothstep(-0.3, 0.5, ground.noise(rng.uniform(15, 120), 4, 0.6))
    ground.mix(trees.pick(rng, colors, 0.15), patches * rng.uniform(0.3, 0.9))
    ground.color *= 1 + rng.uniform(0.1, 0.35) * ground.noise(rng.uniform(0.6, 2.5), 4, 0.8)
    np.clip(ground.color, 0.01, 1, out=ground.color)


def lane(ground: Terrain) -> None:
    """Draw a winding path or country road."""
    rng = ground.shot.rng
    bend = rng.uniform(-8, 8) * np.sin(ground.z / rng.uniform(20, 80) + rng.uniform(0, 6))
    aside = np.abs(ground.x - bend * smoothstep(3, 60, ground.z) - rng.uniform(-4, 4))
    width = rng.uniform(1, 3.5)
    rough = 0.3 * ground.noise(3, 3)
    mask = smoothstep(width, width * 0.7, aside + rough) * (ground.z < 500)
    ground.mix(trees.pick(rng, EARTH + SAND + [rgb(0.4, 0.4, 0.4)]), mask * 0.9)


def grow(
    shot: Shot, kind: str, colors: list[Array], count: int, share: float = 0.25
) -> list[Array]:
    """Draw `count` sprites of one kind of plant, to be planted many times.

    Args:
        shot: the picture.
        kind: name of the function in `trees`.
        colors: palette of the foliage.
        count: number of sprites.
        share: height of the sprites as a fraction of the canvas.
    """
    side = max(24, round(shot.side * share))
    make = getattr(trees, kind)
    return [make(shot.rng, shot.light, trees.pick(shot.rng, colors), side) for _ in range(count)]


def plant(
    ground: Terrain, sprites: list[Array], x: Array, z: Array, low: float, high: float
) -> None:
    """Plant trees of `low` to `high` meters at (x, z), far ones first."""
    rng = ground.shot.rng
    tall = rng.uniform(low, high, len(x))
    which = rng.integers(len(sprites), size=len(x))
    for k in np.argsort(-z):
        px, py, scale = ground.foot(float(x[k]), float(z[k]))
        height = float(tall[k]) * scale
        stamp(ground.shot, sprites[which[k]], px, py + 0.02 * height, height, float(z[k]))


def stand_tree(shot: Shot, sprite: Array, x: float, z: float, height: float) -> None:
    """Plant one tree of `height` meters on flat ground at (x, z)."""
    (foot,) = shot.pixels([(x, 0, z)])
    scale = shot.view.focal * shot.side / z
    stamp(shot, sprite, float(foot[0]), float(foot[1]), height * scale, z)


def spots(shot: Shot, count: int, near: float, far: float) -> tuple[Array, Array]:
    """Draw positions (x, z) in view, log-uniform in distance: spread over the picture."""
    z = np.exp(shot.scatter(np.log(near), np.log(far), count))
    return shot.scatter(-0.6, 0.6, count) * z / shot.view.focal, z
