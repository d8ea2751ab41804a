"""Sky: gradient, glow of the sun, clouds in perspective, stars."""

import cv2
import numpy as np

from strata.scenes.elements.light import rgb
from strata.scenes.elements.noise import smoothstep
from strata.scenes.elements.shot import Shot


def paint_sky(shot: Shot) -> None:
    """Paint the sky down to slightly below the horizon, and the color of haze below."""
    view, light, rng = shot.view, shot.light, shot.rng
    bottom = int(np.clip((view.horizon + 0.06) * shot.side, 8, shot.side))
    # The sky is smooth: half the resolution is enough.
    tall, wide = (bottom + 1) // 2, shot.side // 2
    x = ((np.arange(wide, dtype=np.float32) + 0.5) / wide - view.center) / view.focal
    y = (view.axis - (np.arange(tall, dtype=np.float32) + 0.5) * 2 / shot.side) / view.focal
    c, s = float(np.cos(view.pitch)), float(np.sin(view.pitch))
    up, ahead = (c * y + s)[:, None], (c - s * y)[:, None]
    x = np.broadcast_to(x, (tall, wide))
    length = np.sqrt(x * x + up * up + ahead * ahead)
    height = np.broadcast_to(np.maximum(up, 0) / length, (tall, wide))

    fade = 1 - np.exp(-rng.uniform(2.5, 5) * height)
    planes = [light.horizon[k] + (light.zenith[k] - light.horizon[k]) * fade for k in range(3)]
    cosine = (x * light.sun[0] + up * light.sun[1] + ahead * light.sun[2]) / length
    if light.night < 0.5:
        glow = 0.5 * np.exp((cosine - 1) * 9) + 0.6 * np.exp((cosine - 1) * 90)
        glow = glow * float(light.direct.max()) + 2.0 * smoothstep(0.9992, 0.9996, cosine)
        tint = light.direct / light.direct.max()
        planes = [plane + glow * float(tint[k]) * 0.8 for k, plane in enumerate(planes)]
    if light.clouds:
        _clouds(shot, planes, x / (height + 0.06), ahead / length / (height + 0.06), fade)
    if light.night > 0.5:
        stars = np.random.default_rng(rng.integers(1 << 62)).random((tall, wide)) > 0.9985
        planes = [np.maximum(plane, stars * 0.6) for plane in planes]
    image = cv2.merge([np.ascontiguousarray(p, np.float32) for p in planes])
    shot.rgb[:bottom] = cv2.resize(image, (shot.side, bottom))
    shot.rgb[bottom:] = light.horizon


def _clouds(
    shot: Shot, planes: list[np.ndarray], x: np.ndarray, z: np.ndarray, fade: np.ndarray
) -> None:
    """Blend clouds into the color planes, in place.

    Args:
        shot: the picture.
        planes: three color planes of the sky.
        x: where the ray of each pixel meets the cloud layer, to the right.
        z: the same, ahead.
        fade: 0 at the horizon to 1 at the zenith.
    """
    rng, light = shot.rng, shot.light
    size = rng.uniform(0.3, 1.6)
    sharp = rng.uniform(0.12, 0.6)
    shear = rng.uniform(0.4, 1.0)
    u = x * size + rng.uniform(0, 60)
    v = z * size * shear + rng.uniform(0, 60)
    footprint = (z * z * size * 4 / shot.side).astype(np.float32)
    dense = shot.lattice.fractal(u, v, octaves=5, gain=0.55, footprint=footprint)
    level = 1.1 - 2.0 * light.clouds
    cover = smoothstep(level - sharp, level + sharp, dense)
    thick = smoothstep(level, level + 1.2, dense)
    bright = light.ambient * 0.9 + light.direct * 0.75
    dark = (light.horizon * 0.45 + light.ambient * 0.4) * rng.uniform(0.7, 1.1)
    if light.night > 0.5:
        bright, dark = light.horizon * 1.2 + 0.03, light.horizon * 0.6
    bright, dark = np.minimum(bright, rgb(1.05, 1.05, 1.05)), np.minimum(dark, bright)
    strength = cover * np.minimum(1, fade * 4 + 0.3)
    for k, plane in enumerate(planes):
        cloud = bright[k] + (dark[k] - bright[k]) * thick
        planes[k] = plane + (cloud - plane) * strength
