"""Terrain: a height field rendered from within, column by column from front to back.

Each column of the picture is a vertical fan of rays. Heights are sampled along it at distances that
give the flat foreground about one sample per row and the far hills enough samples to keep their
crests. Going away from the camera, a sample is visible if it rises above everything nearer (the
floating-horizon algorithm).
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from strata.scenes.elements.light import rgb
from strata.scenes.elements.noise import smoothstep
from strata.scenes.elements.shot import Shot

Array = np.ndarray
Color = Array  # (3, 1, 1), (3,) or (3, slices, columns)


@dataclass
class Terrain:
    """Height field with color and roughness, sampled in slices of equal distance.

    There are two columns of samples per three columns of the canvas, which is one per column of the
    photograph.

    Args:
        shot: the picture.
        near: distance of the first slice, in meters.
        relief: distance in meters from which the ground is uneven and slices lie closer.
        far: distance of the last slice, in meters.

    Attributes (all float32, rows going away from the camera):
        z: (slices, 1) meters ahead.
        x: (slices, columns) meters to the right.
        footprint: (slices, 1) size of a sample in meters.
        height: (slices, columns) meters above ground level, to be set by the caller.
        color: (3, slices, columns) albedo, to be set by the caller; after `lit` the shaded color.
        rough: (slices, columns) contrast of the finest texture, 0 for water and snow.
    """

    shot: Shot
    near: float
    relief: float
    far: float
    x: Array = field(init=False)
    z: Array = field(init=False)
    footprint: Array = field(init=False)
    height: Array = field(init=False)
    color: Array = field(init=False)
    rough: Array = field(init=False)

    def __post_init__(self) -> None:
        view, side = self.shot.view, self.shot.side
        below = max(1.1 - view.horizon, 0.15)
        rows = round(0.5 * side * below)
        flat = view.focal * view.eye / np.linspace(below, 1.5 / side, rows)
        steps = np.geomspace(max(self.relief, self.near), self.far, side * 3 // 4 - rows)
        z = np.sort(np.concatenate([flat[(flat > self.near) & (flat < self.far)], steps]))
        self.z = z.astype(np.float32)[:, None]
        columns = side * 2 // 3
        across = (np.arange(columns, dtype=np.float32) + 0.5) / columns - view.center
        self.x = self.z * (across / view.focal)
        deep = np.gradient(self.z[:, 0])[:, None]
        self.footprint = np.sqrt(self.z / (view.focal * columns) * np.maximum(deep, 1e-3))
        self.footprint = np.maximum(self.footprint, 0.4 * deep)
        self.height = np.zeros_like(self.x)
        self.color = np.zeros((3, *self.x.shape), np.float32)
        self.rough = np.full_like(self.x, 0.18)

    def noise(
        self, wave: float, octaves: int = 4, gain: float = 0.5, *, ridged: bool = False
    ) -> Array:
        """Fractal noise over the ground from `wave` meters downwards; a new offset at each call."""
        rng = self.shot.rng
        u = self.x * (1 / wave) + rng.uniform(0, 64)
        v = np.repeat(self.z * (1 / wave) + rng.uniform(0, 64), u.shape[1], axis=1)
        return self.shot.lattice.fractal(
            u, v, octaves=octaves, gain=gain, footprint=self.footprint / wave, ridged=ridged
        )

    def slopes(self) -> tuple[Array, Array]:
        """Slope of the ground to the right and ahead, in meters per meter."""
        z = self.z
        # Along a column the samples follow a ray, not z: subtract the sideways component.
        along = np.empty_like(self.height)
        step = z[1:] - z[:-1]
        along[1:] = (self.height[1:] - self.height[:-1]) / np.maximum(step, 1e-4)
        along[0] = along[1]
        right = np.empty_like(self.height)
        right[:, 1:-1] = self.height[:, 2:] - self.height[:, :-2]
        right[:, 0], right[:, -1] = right[:, 1], right[:, -2]
        right *= 0.5 * self.shot.view.focal * self.x.shape[1] / z
        along -= right * (self.x / z)
        return right, along

    def mix(self, color: Color, mask: Array | float = 1.0) -> None:
        """Blend a color into the ground by `mask`, 0 to 1."""
        color = np.asarray(color, np.float32)
        if color.ndim == 1:
            color = color[:, None, None]
        self.color += (color - self.color) * mask

    def lit(self, right: Array, ahead: Array) -> None:
        """Shade the albedo by the light (Lambertian), given the slopes to the right and ahead."""
        light = self.shot.light
        sx, sy, sz = (float(v) for v in light.sun)
        facing = (sy - sx * right - sz * ahead) / np.sqrt(1 + right * right + ahead * ahead)
        facing = np.maximum(facing, 0)
        self.color *= light.ambient[:, None, None] + light.direct[:, None, None] * facing

    def clear(self) -> None:
        """Lower the ground around the camera so that it does not block the view."""
        eye = self.shot.view.eye
        limit = 0.75 * eye + 0.6 * np.maximum(self.z - 4 * eye, 0)
        np.minimum(self.height, limit, out=self.height)

    def paint(self) -> None:
        """Paint the visible ground through haze, and write the depth buffer."""
        shot = self.shot
        light, side = shot.light, shot.side
        haze = 1 - np.exp(self.z * (-1 / light.haze))
        self.color += (light.horizon[:, None, None] - self.color) * haze
        place, seen = self._look()
        columns = np.broadcast_to(np.arange(place.shape[1], dtype=np.float32), place.shape)
        layers = cv2.merge([*self.color, self.rough * (1 - haze)])
        layers = cv2.remap(layers, columns, place, cv2.INTER_LINEAR)
        *planes, rough = cv2.split(cv2.resize(layers, (side, side)))
        growth = 1 + rough * shot.grain
        image = cv2.merge([plane * growth for plane in planes])
        cover = cv2.resize(seen, (side, side))
        shot.rgb = cv2.blendLinear(image, shot.rgb, cover, 1 - cover)
        depth = np.where(seen > 0, self.z[place.astype(np.intp), 0], np.float32(np.inf))
        shot.depth = cv2.resize(depth, (side, side), interpolation=cv2.INTER_NEAREST)

    def _look(self) -> tuple[Array, Array]:
        """Find the visible slice of each pixel.

        Returns:
            Fractional slice numbers, (side, columns) float32; and 1 where any ground is visible, 0
            elsewhere.
        """
        view, side = self.shot.view, self.shot.side
        rows = (view.horizon + view.focal * (view.eye - self.height) / self.z) * side
        for k in range(1, len(rows)):
            np.minimum(rows[k], rows[k - 1], out=rows[k])
        slices, columns = rows.shape
        # A pixel shows the first slice whose crest reaches it: count the slices below.
        first = np.clip(np.ceil(rows - 0.5), 0, side).astype(np.intp)
        first += np.arange(columns) * (side + 1)
        counts = np.bincount(first.ravel(), minlength=columns * (side + 1))
        below = counts.reshape(columns, side + 1)[:, ::-1].cumsum(axis=1)[:, ::-1]
        hidden = np.ascontiguousarray(below[:, 1:].T)
        slot = np.clip(hidden, 1, slices - 1)
        across = np.arange(columns)
        before, after = rows[slot - 1, across], rows[slot, across]
        middle = np.arange(side, dtype=np.float32)[:, None] + 0.5
        between = np.clip((before - middle) / np.maximum(before - after, 1e-3), 0, 1)
        return (slot - 1 + between).astype(np.float32), (hidden < slices).astype(np.float32)

    def cell(self, x: float, z: float) -> tuple[int, int]:
        """Slice and column of the sample nearest to (x, z)."""
        slices, columns = self.x.shape
        view = self.shot.view
        column = int((view.center + view.focal * x / z) * columns)
        row = int(np.searchsorted(self.z[:, 0], z))
        return min(row, slices - 1), min(max(column, 0), columns - 1)

    def foot(self, x: float, z: float) -> tuple[float, float, float]:
        """Project the ground point at (x, z): pixel x, pixel y, and scale in pixels per meter."""
        shot = self.shot
        view, side = shot.view, shot.side
        px = (view.center + view.focal * x / z) * side
        ground = float(self.height[self.cell(x, z)])
        py = (view.horizon + view.focal * (view.eye - ground) / z) * side
        return px, py, view.focal * side / z


def paint_water(ground: Terrain, mask: Array, shallow: Array, deep: Array, rough: float) -> None:
    """Cover shaded ground with water: reflected sky, waves, sun glitter.

    Args:
        ground: the terrain, after `lit`.
        mask: (slices, columns), 1 where there is water.
        shallow: (slices, columns) in [0, 1], visibility of the bottom.
        deep: the water's own color (3,).
        rough: 0 for a mirror, 1 for a windy sea.
    """
    shot = ground.shot
    light, view = shot.light, shot.view
    wave = ground.noise(rough * 6 + 1.5, 5, 0.75)
    # Swell, with crests across the view.
    swell = shot.lattice.at(
        ground.x * (0.25 / (rough * 6 + 2)),
        np.broadcast_to(ground.z / (rough * 6 + 2), ground.x.shape),
    )
    fade = np.minimum(1, 12 * view.eye / ground.z)
    slope = (wave * 0.7 + swell * 0.6) * rough * (0.35 + 0.65 * fade)
    grazing = np.clip(1 - view.eye / ground.z * 1.4, 0, 1)
    mirror = np.clip(grazing**3 * 0.75 + 0.08 + 0.22 * slope, 0.02, 0.95)
    body = deep * (light.ambient + light.direct * 0.5)
    pale = (deep * 0.5 + rgb(0.25, 0.4, 0.38)) * (light.ambient + light.direct * 0.6)
    sky = light.horizon * 0.75 + light.zenith * 0.25
    water = body[:, None, None] + (pale - body)[:, None, None] * shallow
    water = water * (1 + 0.35 * slope)
    water += (sky[:, None, None] - water) * mirror
    if light.sun[2] > 0.1 and light.night < 0.5:
        # Sun glitter: bright where a wave reflects the sun to the camera.
        aside = ground.x / ground.z - light.sun[0] / light.sun[2]
        lean = np.exp(-((aside / (0.1 + 0.2 * rough)) ** 2))
        glitter = smoothstep(0.25, 0.9, wave + lean * 0.5) * lean
        water += (light.direct * 1.3)[:, None, None] * glitter
    ground.mix(water, mask)
    ground.rough *= 1 - mask
