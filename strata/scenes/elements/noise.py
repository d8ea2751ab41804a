"""Procedural noise: fractal value noise (fractional Brownian motion) for all natural textures."""

import math

import cv2
import numpy as np

Array = np.ndarray

#: Period of a lattice in units, and its stored samples per unit.
CELLS = 64
FINE = 4


def texture(
    rng: np.random.Generator,
    shape: tuple[int, int],
    *,
    cells: float = 4,
    gain: float = 0.5,
    stretch: float = 1.0,
    finest: float = 2.0,
) -> Array:
    """Draw fractal value noise over an image, in about [-1, 1].

    Args:
        rng: random generator; one number is drawn from it at every shape.
        shape: (height, width) in pixels.
        cells: number of waves of the coarsest octave along the height.
        gain: ratio of the amplitudes of successive octaves (persistence).
        stretch: ratio of the wavelengths along x and y.
        finest: shortest wavelength in pixels.

    Returns:
        (height, width) float32.
    """
    own = np.random.default_rng(rng.integers(1 << 62))
    height, width = shape
    total = np.zeros(shape, np.float32)
    amplitude, power = 1.0, 0.0
    while cells <= height / finest or power == 0:
        grid = (
            max(2, round(cells) + 1),
            max(2, round(cells * width / height / stretch) + 1),
        )
        waves = own.random(grid, dtype=np.float32) * (2 * amplitude) - amplitude
        coarse = max(grid) * 8 < width
        total += cv2.resize(
            waves, (width, height), interpolation=cv2.INTER_CUBIC if coarse else cv2.INTER_LINEAR
        )
        power += amplitude**2
        amplitude *= gain
        cells *= 2
    total *= float(1.3 / np.sqrt(power))
    return total


class Lattice:
    """Value noise on the infinite plane, with wavelengths of about one unit.

    Values lie in about [-1, 1]; the period is 64 units. One lattice serves a whole picture: each
    use reads it at another offset.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        grid = rng.random((CELLS, CELLS), dtype=np.float32) * 2 - 1
        padded = np.pad(grid, 2, "wrap")
        fine = cv2.resize(padded, None, fx=FINE, fy=FINE, interpolation=cv2.INTER_CUBIC)
        end = (CELLS + 2) * FINE + 1
        self._field = np.ascontiguousarray(fine[2 * FINE : end, 2 * FINE : end])

    def at(self, x: Array, y: Array) -> Array:
        """Evaluate the noise at points; `x` and `y` are 2-D arrays of one shape."""
        u, v = x * (1 / CELLS), y * (1 / CELLS)
        for place in (u, v):
            place -= np.floor(place)
            place *= CELLS * FINE
        return cv2.remap(self._field, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def fractal(
        self,
        x: Array,
        y: Array,
        *,
        octaves: int,
        gain: float = 0.5,
        footprint: Array | None = None,
        ridged: bool = False,
    ) -> Array:
        """Sum octaves of noise from a wavelength of one unit downwards (fractal noise).

        `footprint` is the size of a sample in units: octaves with wavelengths too short for it are
        faded out, which avoids aliasing on far ground. `ridged` folds each octave into sharp
        crests (ridged multifractal noise), as in mountains.
        """
        total = np.zeros(x.shape, np.float32)
        power, rows, weight = 0.0, slice(None), None
        for octave in range(octaves):
            amplitude, wave = gain**octave, 0.5**octave
            power += amplitude**2
            if footprint is not None:
                weight = np.minimum(np.maximum(wave / footprint - 0.5, 0), 1) * amplitude
                live = np.flatnonzero(weight.any(axis=1))
                if not len(live):
                    continue
                rows = slice(int(live[0]), int(live[-1]) + 1)
            turn, shift = 0.7 * octave, 17.3 * octave
            c, s = math.cos(turn) / wave, math.sin(turn) / wave
            u = cv2.addWeighted(x[rows], c, y[rows], -s, shift)
            v = cv2.addWeighted(x[rows], s, y[rows], c, shift / 2)
            value = self.at(u, v)
            if ridged:
                value = 0.8 - 2 * np.abs(value)
            value *= amplitude if weight is None else weight[rows]
            total[rows] += value
        total *= 1.3 / math.sqrt(power)
        return total


def smoothstep(low: float, high: float, value: Array) -> Array:
    """Hermite interpolation: 0 at or before `low`, 1 at or beyond `high`, smooth between.

    With `low` > `high` it falls instead of rising.
    """
    t = np.minimum(np.maximum((value - low) * (1 / (high - low)), 0), 1)
    return t * t * (3 - 2 * t)
