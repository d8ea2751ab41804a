"""Lighting by time of day and weather: sun direction, direct and ambient light, sky, haze."""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


def rgb(*values: float) -> Array:
    """Build a color, (3,) float32, nominally in [0, 1]."""
    return np.array(values, np.float32)


def jitter(rng: np.random.Generator, color: Array, amount: float = 0.06) -> Array:
    """Perturb a color at random: brightness by about `amount`, hue by half of it."""
    shared, red, green, blue = rng.standard_normal(4, dtype=np.float32).tolist()
    shift = [1 + amount * (shared + own / 2) for own in (red, green, blue)]
    return np.minimum(np.maximum(color * rgb(*shift), 0), 1)


@dataclass(frozen=True)
class Light:
    """The light of one picture.

    Attributes:
        sun: unit vector towards the sun: right, up, forward.
        direct: color of sunlight (or moonlight) on a surface perpendicular to it.
        ambient: color of the ambient light.
        zenith: color of the sky overhead.
        horizon: color of the sky at the horizon, and of haze.
        haze: attenuation length of haze in meters (after it 63 % of a color is haze).
        clouds: cloud cover, approximate fraction of the sky.
        night: 0 by day, 1 at night, when windows and lamps are lit.
    """

    sun: Array
    direct: Array
    ambient: Array
    zenith: Array
    horizon: Array
    haze: float
    clouds: float
    night: float = 0.0

    def on(self, albedo: Array, facing: float) -> Array:
        """Shade a Lambertian surface; `facing` is the cosine between its normal and the sun."""
        return albedo * (self.ambient + self.direct * max(facing, 0.0))


def _sun(azimuth: float, elevation: float) -> Array:
    """Unit vector to the sun; azimuth clockwise from straight ahead, elevation, both in degrees."""
    a, h = np.radians(azimuth), np.radians(elevation)
    return rgb(np.sin(a) * np.cos(h), np.sin(h), np.cos(a) * np.cos(h))


def _day(rng: np.random.Generator) -> Light:
    """Blue sky with or without fair-weather clouds, the sun 25 to 65 degrees high."""
    blue = rng.uniform(0, 1)
    return Light(
        sun=_sun(rng.uniform(30, 330), rng.uniform(25, 65)),
        direct=rgb(1.0, 0.96, 0.88) * rng.uniform(0.6, 0.8),
        ambient=rgb(0.85, 0.95, 1.1) * rng.uniform(0.3, 0.45),
        zenith=jitter(rng, rgb(0.12 + 0.2 * blue, 0.3 + 0.2 * blue, 0.65 + 0.15 * blue)),
        horizon=jitter(rng, rgb(0.72, 0.83, 0.93), 0.04),
        haze=10 ** rng.uniform(3.3, 4.6),
        clouds=rng.uniform(0.15, 0.6) if rng.random() < 0.5 else 0.0,
    )


def _overcast(rng: np.random.Generator) -> Light:
    """Cloudy sky: diffuse light, hardly any shadows."""
    gray = rng.uniform(0.55, 0.95)
    return Light(
        sun=_sun(rng.uniform(0, 360), 70),
        direct=rgb(1, 1, 1) * rng.uniform(0.05, 0.25),
        ambient=rgb(0.97, 1.0, 1.04) * rng.uniform(0.5, 0.75),
        zenith=rgb(0.85, 0.92, 1.0) * gray * rng.uniform(0.6, 0.95),
        horizon=rgb(0.97, 0.98, 1.0) * gray,
        haze=10 ** rng.uniform(3.2, 4.1),
        clouds=rng.uniform(0.7, 1.0),
    )


def _golden(rng: np.random.Generator) -> Light:
    """Golden hour: low warm sun from the side or from behind."""
    return Light(
        sun=_sun(rng.uniform(60, 300), rng.uniform(8, 20)),
        direct=rgb(1.05, 0.75, 0.45) * rng.uniform(0.65, 0.9),
        ambient=rgb(0.85, 0.85, 1.0) * rng.uniform(0.28, 0.4),
        zenith=jitter(rng, rgb(0.25, 0.4, 0.68)),
        horizon=jitter(rng, rgb(0.95, 0.8, 0.62)),
        haze=10 ** rng.uniform(3.2, 4.2),
        clouds=rng.uniform(0.2, 0.5) if rng.random() < 0.5 else 0.0,
    )


def _sunset(rng: np.random.Generator) -> Light:
    """Sunset: the sun low and ahead, silhouettes before a red sky."""
    red = rng.uniform(0, 1)
    return Light(
        sun=_sun(rng.uniform(-22, 22), rng.uniform(1, 9)),
        direct=rgb(1.1, 0.6 - 0.15 * red, 0.25) * rng.uniform(0.5, 0.8),
        ambient=rgb(0.75, 0.6, 0.7) * rng.uniform(0.16, 0.34),
        zenith=jitter(rng, rgb(0.3 + 0.15 * red, 0.25, 0.45 - 0.2 * red), 0.12),
        horizon=jitter(rng, rgb(1.0, 0.68 - 0.25 * red, 0.38 - 0.22 * red)),
        haze=10 ** rng.uniform(3.0, 4.0),
        clouds=rng.uniform(0, 0.6),
        night=rng.uniform(0, 0.4),
    )


def _fog(rng: np.random.Generator) -> Light:
    """Fog: attenuation lengths of 125 to 1,000 meters."""
    gray = rng.uniform(0.6, 0.9)
    return Light(
        sun=_sun(rng.uniform(0, 360), 50),
        direct=rgb(1, 0.97, 0.9) * rng.uniform(0.05, 0.2),
        ambient=rgb(1, 1, 1.03) * rng.uniform(0.5, 0.7),
        zenith=jitter(rng, rgb(1, 1, 1.02) * gray, 0.03),
        horizon=jitter(rng, rgb(1, 1, 1) * gray, 0.03),
        haze=10 ** rng.uniform(2.1, 3.0),
        clouds=0.0,
    )


def _night(rng: np.random.Generator) -> Light:
    """Night: moonlight, sky glow, lit windows and lamps."""
    glow = rng.uniform(0.04, 0.22)
    return Light(
        sun=_sun(rng.uniform(90, 270), rng.uniform(30, 60)),
        direct=rgb(0.8, 0.9, 1.1) * rng.uniform(0.03, 0.12),
        ambient=rgb(0.9, 0.85, 1.0) * rng.uniform(0.1, 0.22),
        zenith=jitter(rng, rgb(0.03, 0.05, 0.12)),
        horizon=rgb(1.1, 0.85, 0.75) * glow + rgb(0.02, 0.03, 0.08),
        haze=10 ** rng.uniform(3.0, 4.0),
        clouds=rng.uniform(0.2, 0.7) if rng.random() < 0.5 else 0.0,
        night=1.0,
    )


#: Lighting conditions by name.
MOODS = {
    "day": _day,
    "overcast": _overcast,
    "golden": _golden,
    "sunset": _sunset,
    "fog": _fog,
    "night": _night,
}


def light(rng: np.random.Generator, **moods: float) -> Light:
    """Draw the light of one picture; `moods` are weights of the conditions in `MOODS`."""
    weights = np.array(list(moods.values()))
    mood = rng.choice(list(moods), p=weights / weights.sum())
    return MOODS[str(mood)](rng)
