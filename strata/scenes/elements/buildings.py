"""Buildings in perspective: facades warped onto the faces of boxes."""

import math

import cv2
import numpy as np

from strata.scenes.elements.facade import front
from strata.scenes.elements.light import jitter, rgb
from strata.scenes.elements.objects import box
from strata.scenes.elements.shot import Point, Shot
from strata.scenes.elements.style import Style

Array = np.ndarray


def drape(shot: Shot, image: Array, quad: Array, z: float) -> None:
    """Warp an image onto a quadrilateral by a homography, seen through `z` meters of haze.

    Args:
        shot: the picture.
        image: (h, w, 3) float32.
        quad: (4, 2) pixels, counterclockwise as seen, from the lower left corner.
        z: distance in meters.
    """
    height, width = image.shape[:2]
    x0, y0 = np.clip(np.floor(quad.min(axis=0)).astype(int), 0, shot.side)
    x1, y1 = np.clip(np.ceil(quad.max(axis=0)).astype(int) + 1, 0, shot.side)
    if x1 - x0 < 1 or y1 - y0 < 1:
        return
    flat = np.array([(0, height), (width, height), (width, 0), (0, 0)], np.float32)
    corners = (quad - (x0, y0)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners)
    extent = (int(x1 - x0), int(y1 - y0))
    clear = math.exp(-z / shot.light.haze)
    if clear < 0.98:
        image = image * clear + shot.light.horizon * (1 - clear)
    warped = cv2.warpPerspective(
        image, matrix, extent, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    mask = np.zeros((extent[1], extent[0]), np.uint8)
    fixed = np.clip(np.round(corners * 16), -(1 << 20), 1 << 20).astype(np.int32)
    cv2.fillConvexPoly(mask, fixed, 1, shift=4)
    cv2.copyTo(warped, mask, shot.rgb[y0:y1, x0:x1])


def _sides(quad: Array, limit: int) -> tuple[int, int]:
    """Resolution (width, height) at which to draw a facade for a quadrilateral, in pixels."""
    a, b, c, d = quad.tolist()
    width, height = math.dist(a, b) + math.dist(c, d), math.dist(b, c) + math.dist(d, a)
    return min(max(int(width * 0.45), 3), limit), min(max(int(height * 0.45), 6), limit)


def _front(
    shot: Shot, quad: Array, size: tuple[float, float], style: Style, facing: float, z: float
) -> None:
    """Draw a facade onto a quadrilateral; where it is tiny, only its mean color."""
    pixels = _sides(quad, shot.side * 3 // 4)
    if min(pixels) < 4 * shot.side / 192:
        mean = style.wall * 0.75 + style.glass * 0.25
        shot.rng.integers(1 << 62)  # as many draws as `front`, for equal compositions at all sizes
        shot.fill(quad, shot.hazed(shot.light.on(mean, facing), z))
        return
    image = front(shot.rng, shot.light, style, size, pixels, facing)
    drape(shot, image, quad, z)


def building(
    shot: Shot,
    center: Point,
    size: tuple[float, float, float],
    style: Style,
    *,
    turn: float = 0.0,
) -> None:
    """Draw a block with facades on all sides; arguments as in `box`."""
    faces = box(shot, center, size, style.wall, turn=turn)
    c, s = math.cos(turn), math.sin(turn)
    normals = {"front": (-s, 0, -c), "left": (-c, 0, s), "right": (c, 0, -s), "back": (s, 0, c)}
    for name, quad in faces.items():
        if name == "top":
            continue
        width = size[0] if name in ("front", "back") else size[2]
        facing = float(np.dot(shot.light.sun, normals[name]))
        _front(shot, quad, (width, size[1]), style, facing, center[2])


def wall(
    shot: Shot,
    start: tuple[float, float],
    end: tuple[float, float],
    height: float,
    style: Style,
) -> None:
    """Draw a facade that stands from (x, z) to (x, z) in meters, left to right as seen."""
    (x0, z0), (x1, z1) = start, end
    quad = shot.pixels([(x0, 0, z0), (x1, 0, z1), (x1, height, z1), (x0, height, z0)])
    length = float(np.hypot(x1 - x0, z1 - z0))
    normal = np.array([z1 - z0, 0, x0 - x1]) / length
    facing = float(np.dot(shot.light.sun, normal))
    _front(shot, quad, (length, height), style, facing, (z0 + z1) / 2)


def crown(shot: Shot, center: Point, width: float) -> None:
    """Draw a flat roof's superstructure: a lift house, a mast, a water tank, or a spire."""
    rng = shot.rng
    x, y, z = center
    kind = rng.random()
    gray = jitter(rng, rgb(0.45, 0.45, 0.46), 0.2)
    if kind < 0.25:
        high = width * rng.uniform(0.5, 1.4)
        box(shot, center, (width * 0.9, high, width * 0.9), gray, taper=(0.97, 0.97))
    elif kind < 0.75:
        box(shot, center, (width * 0.45, width * 0.16, width * 0.4), gray)
    if kind > 0.6:
        foot, head = shot.pixels([(x, y, z), (x, y + width * rng.uniform(0.4, 1.2), z)])
        shot.stroke(foot, head, 0.5 * shot.view.focal * shot.side / z, shot.hazed(gray * 0.5, z))
