"""Canvas of one picture: pinhole camera, light, pixel and depth buffers, drawing primitives."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from strata.scenes.elements.light import Light
from strata.scenes.elements.noise import Lattice, texture

Array = np.ndarray
Point = Sequence[float]  # x, y, z in meters


@dataclass(frozen=True)
class View:
    """Pinhole camera, upright or pitched upwards.

    World coordinates are in meters: x to the right, y up from the ground, z ahead. Picture
    coordinates are in frame sides: x to the right, y down.

    Attributes:
        axis: y of the principal point (the horizon, if pitch is 0).
        eye: height of the camera above the ground, in meters.
        focal: focal length, in frame sides.
        center: x of the principal point.
        pitch: angle of the optical axis upwards, in radians.
    """

    axis: float
    eye: float
    focal: float = 1.0
    center: float = 0.5
    pitch: float = 0.0

    @property
    def horizon(self) -> float:
        """Y of the horizon, in frame sides from the top."""
        return self.axis + self.focal * math.tan(self.pitch)

    def project(self, points: Iterable[Point]) -> list[tuple[float, float]]:
        """Project points from meters to frame sides; depths are clamped to 0.05 m ahead."""
        c, s = math.cos(self.pitch), math.sin(self.pitch)
        seen = []
        for x, y, z in points:
            up = y - self.eye
            ahead = c * z + s * up
            scale = self.focal / (ahead if ahead > 0.05 else 0.05)
            seen.append((self.center + scale * x, self.axis - scale * (c * up - s * z)))
        return seen


@dataclass
class Shot:
    """Canvas with its camera and light.

    Attributes:
        side: side of the square canvas in pixels.
        rng: random generator of all choices; each texture draws one number from it, so that the
            composition is the same at every size.
        light: the lighting.
        view: the camera.
        lattice: noise field shared by ground and clouds.
        rgb: (side, side, 3) float32, the picture so far.
        depth: (side, side) float32, depth buffer in meters; only landscapes write it.
        grain: (side, side) float32, fine noise shared by all foliage and rough surfaces.
    """

    side: int
    rng: np.random.Generator
    light: Light
    view: View
    lattice: Lattice = field(init=False)
    grain: Array = field(init=False)
    rgb: Array = field(init=False)
    depth: Array = field(init=False)

    def __post_init__(self) -> None:
        self.lattice = Lattice(np.random.default_rng(self.rng.integers(1 << 62)))
        self.grain = texture(self.rng, (self.side, self.side), cells=56, gain=1.0)
        self.rgb = np.zeros((self.side, self.side, 3), np.float32)
        self.depth = np.full((self.side, self.side), np.inf, np.float32)

    def hazed(self, color: Array, z: float) -> Array:
        """Attenuate a color (3,) by `z` meters of haze (exponential)."""
        horizon = self.light.horizon
        return horizon + (color - horizon) * math.exp(-z / self.light.haze)

    def pixels(self, points: Iterable[Point]) -> Array:
        """Project points (k, 3) in meters to pixels (k, 2)."""
        # For a few points plain floats are faster than arrays.
        return np.array(self.view.project(points)) * self.side

    def fill(self, outline: Array, color: Array) -> None:
        """Fill a convex polygon, (k, 2) pixels."""
        fixed = np.minimum(np.maximum(outline * 16, -1e6), 1e6).astype(np.int32)
        cv2.fillConvexPoly(self.rgb, fixed, color.tolist(), shift=4)

    def stroke(self, start: Array, end: Array, width: float, color: Array) -> None:
        """Draw a line segment of `width` between two points, all in pixels."""
        a, b = (tuple(np.round(np.clip(p, -4e3, 4e3)).astype(int).tolist()) for p in (start, end))
        cv2.line(self.rgb, a, b, color.tolist(), max(1, round(width)))

    def scatter(self, low: float, high: float, count: int) -> Array:
        """Draw `count` uniform numbers, (count,)."""
        return self.rng.uniform(low, high, count)


def window(shape: tuple[int, ...], x: int, y: int, width: int, height: int) -> tuple[slice, ...]:
    """Clip a patch at (x, y) to an image; all in pixels.

    Returns:
        Slices (rows, columns) of the image, then (rows, columns) of the patch.
    """
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = max(min(x + width, shape[1]), x0), max(min(y + height, shape[0]), y0)
    return slice(y0, y1), slice(x0, x1), slice(y0 - y, y1 - y), slice(x0 - x, x1 - x)


def blend(image: Array, color: Array, alpha: Array) -> None:
    """Alpha-blend `color` (h, w, 3) or (3,) into `image` (h, w, 3) in place; alpha is (h, w)."""
    cover = cv2.merge([alpha, alpha, alpha])
    image += (color - image) * cover


def stamp(shot: Shot, sprite: Array, x: float, base: float, height: float, z: float) -> None:
    """Paint a sprite with a depth test.

    Args:
        shot: the picture.
        sprite: (h, w, 4) float32, premultiplied color and alpha.
        x: horizontal center, in pixels.
        base: bottom edge, in pixels.
        height: height, in pixels.
        z: distance, in meters.
    """
    tall = max(2, round(height))
    wide = max(2, round(height * sprite.shape[1] / sprite.shape[0]))
    rows, columns, own_rows, own_columns = window(
        shot.rgb.shape, round(x - wide / 2), round(base) - tall, wide, tall
    )
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    how = cv2.INTER_AREA if tall < sprite.shape[0] else cv2.INTER_LINEAR
    patch = cv2.resize(sprite, (wide, tall), interpolation=how)[own_rows, own_columns]
    *planes, alpha = cv2.split(patch)
    # An object has the same depth as the ground at its foot: 3 % slack in the depth test.
    seen = shot.depth[rows, columns] > z * 0.97
    if not seen.all():
        planes, alpha = [plane * seen for plane in planes], alpha * seen
    clear = math.exp(-z / shot.light.haze)
    haze = shot.light.horizon * (1 - clear)
    target = shot.rgb[rows, columns]
    target *= cv2.merge([1 - alpha] * 3)
    target += cv2.merge([plane * clear + alpha * float(haze[k]) for k, plane in enumerate(planes)])
