"""Plants as sprites: (h, w, 4) float32, premultiplied color and alpha, foot at the bottom edge.

Arguments of all kinds: `rng`, the light, the color of the foliage (3,), and `side`, the height in
pixels.
"""

import itertools

import cv2
import numpy as np

from strata.scenes.elements.light import Light, jitter, rgb
from strata.scenes.elements.noise import smoothstep, texture

Array = np.ndarray

# Palettes: albedos in RGB.
GREEN = [rgb(0.16, 0.32, 0.1), rgb(0.25, 0.42, 0.12), rgb(0.12, 0.26, 0.12), rgb(0.34, 0.42, 0.18)]
AUTUMN = [rgb(0.75, 0.35, 0.08), rgb(0.82, 0.58, 0.12), rgb(0.6, 0.16, 0.08), rgb(0.5, 0.42, 0.14)]
PINE = [rgb(0.1, 0.22, 0.12), rgb(0.13, 0.25, 0.17), rgb(0.17, 0.28, 0.12)]
BARK = [rgb(0.28, 0.22, 0.17), rgb(0.38, 0.33, 0.28), rgb(0.2, 0.15, 0.11)]


def pick(rng: np.random.Generator, colors: list[Array], amount: float = 0.1) -> Array:
    """Pick one of some colors at random and perturb it by about `amount`."""
    return jitter(rng, colors[int(rng.integers(len(colors)))], amount)


def _sprite(color: Array, shade: Array, alpha: Array, light: Light) -> Array:
    """Build a sprite of one color; `shade` (h, w) is 0 in shadow to 1 in the sun."""
    planes = [
        color[k] * (light.ambient[k] * (0.45 + 0.55 * shade) + light.direct[k] * shade) * alpha
        for k in range(3)
    ]
    return cv2.merge([*planes, alpha])


def _over(front: Array, back: Array) -> Array:
    """Composite two sprites of premultiplied colors (the "over" operator)."""
    alpha = front[..., 3]
    return front + back * (1 - cv2.merge([alpha] * 4))


def _trunk(shape: tuple[int, int], color: Array, light: Light, strokes: list) -> Array:
    """Draw branches from strokes (x0, y0, x1, y1, width), in fractions of the sprite's sides."""
    height, width = shape
    mask = np.zeros(shape, np.uint8)
    for x0, y0, x1, y1, thick in strokes:
        a = (round(x0 * width), round(y0 * height))
        b = (round(x1 * width), round(y1 * height))
        cv2.line(mask, a, b, 255, max(1, round(thick * width)), cv2.LINE_AA)
    alpha = mask.astype(np.float32) * (1 / 255)
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :] * float(light.sun[0])
    shade = np.broadcast_to(np.clip(0.5 + across, 0.2, 0.9), shape)
    return _sprite(color, shade, alpha, light)


def broadleaf(rng: np.random.Generator, light: Light, color: Array, side: int) -> Array:
    """Draw a broadleaf tree: a crown of leafy clumps on a short trunk."""
    width = max(8, round(side * rng.uniform(0.6, 1.0)))
    shape = (side, width)
    y, x = np.mgrid[0:side, 0:width].astype(np.float32)
    x, y = x / width, y / side
    ruffle = texture(rng, shape, cells=6, gain=0.85)
    best = np.full(shape, -1, np.float32)
    facing = np.zeros(shape, np.float32)
    top = rng.uniform(0.3, 0.42)
    for _ in range(int(rng.integers(12, 18))):
        angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1) ** 0.6
        r = rng.uniform(0.13, 0.2)
        cx = 0.5 + 0.3 * reach * np.cos(angle)
        cy = top + (top - r) * reach * np.sin(angle)
        dx, dy = (x - float(cx)) / r, (y - float(cy)) / (r * 0.9)
        field = 1 - np.sqrt(dx * dx + dy * dy)
        nearer = field > best
        best = np.where(nearer, field, best)
        facing = np.where(nearer, dx * float(light.sun[0]) - dy * 0.8, facing)
    alpha = smoothstep(0.0, 0.18, best + ruffle * 0.28)
    shade = np.clip(0.42 + 0.3 * facing + 0.4 * ruffle, 0.05, 1)
    crown = _sprite(color, shade, alpha, light)
    lean = rng.uniform(-0.05, 0.05)
    trunk = _trunk(shape, pick(rng, BARK), light, [(0.5, 1, 0.5 + lean, 0.4, 0.09)])
    return _over(crown, trunk)


def bush(rng: np.random.Generator, light: Light, color: Array, side: int) -> Array:
    """Draw a bush: the crown of a broadleaf tree without its trunk."""
    tree = broadleaf(rng, light, color, side)
    return np.ascontiguousarray(tree[: max(4, round(side * 0.66))])


def conifer(rng: np.random.Generator, light: Light, color: Array, side: int) -> Array:
    """Draw a spruce: tiers of drooping branches, darker below each."""
    width = max(6, round(side * rng.uniform(0.32, 0.55)))
    shape = (side, width)
    y = np.linspace(0, 1, side, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    ruffle = texture(rng, shape, cells=14, gain=0.9)
    tiers = rng.uniform(6, 12)
    phase = y * tiers - 0.35 * np.abs(x) * tiers / 6 + 0.25 * ruffle
    tier = phase - np.floor(phase)
    reach = (0.08 + 0.9 * y ** rng.uniform(0.75, 1.1)) * (0.62 + 0.38 * tier)
    alpha = smoothstep(-0.04, 0.06, reach + 0.16 * ruffle - np.abs(x)) * (y < 0.95)
    shade = np.clip(0.25 + 0.45 * tier + 0.3 * x * float(light.sun[0]) + 0.35 * ruffle, 0.05, 1)
    needles = _sprite(color, shade, alpha.astype(np.float32), light)
    trunk = _trunk(shape, pick(rng, BARK), light, [(0.5, 1, 0.5, 0.5, 0.08)])
    return _over(needles, trunk)


def bare(rng: np.random.Generator, light: Light, color: Array, side: int) -> Array:
    """Draw a leafless tree: recursively forking branches."""
    strokes: list[tuple[float, float, float, float, float]] = []

    def grow(x: float, y: float, angle: float, length: float, thick: float) -> None:
        x1, y1 = x + length * np.sin(angle), y - length * np.cos(angle)
        strokes.append((x, y, float(x1), float(y1), thick))
        if length > 0.045:
            for _ in range(2 if length < 0.2 else 3):
                grow(
                    x1, y1, angle + rng.normal(0, 0.5), length * rng.uniform(0.6, 0.8), thick * 0.6
                )

    grow(0.5, 1, rng.normal(0, 0.05), rng.uniform(0.24, 0.32), 0.06)
    return _trunk((side, side), color * 0.5 + pick(rng, BARK) * 0.5, light, strokes)


def palm(rng: np.random.Generator, light: Light, color: Array, side: int) -> Array:
    """Draw a palm: a bent trunk and a crown of fronds."""
    width = round(side * 0.7)
    shape = (side, width)
    lean = rng.uniform(-0.2, 0.2)
    bend = [(0.5 + lean * t * t - lean * 0.5, 1 - 0.72 * t) for t in np.linspace(0, 1, 6)]
    trunk = [(*a, *b, 0.045) for a, b in itertools.pairwise(bend)]
    fronds = []
    head_x, head_y = bend[-1]
    for angle in rng.uniform(-np.pi * 0.95, np.pi * 0.95, 13):
        reach = rng.uniform(0.24, 0.4)
        points = [
            (
                head_x + reach * t * np.sin(angle),
                head_y - reach * t * np.cos(angle) * 0.6 + 0.26 * t * t,
            )
            for t in (0.0, 0.35, 0.7, 1.0)
        ]
        fronds += [
            (*a, *b, 0.05 * (1 - i / 3.5)) for i, (a, b) in enumerate(itertools.pairwise(points))
        ]
    leaves = _trunk(shape, color, light, fronds)
    return _over(leaves, _trunk(shape, pick(rng, BARK), light, trunk))
