"""Random changes of training images, drawn for a whole epoch and applied in batches.

All randomness of an epoch is drawn first, with numpy: the same seed gives the same changes on
every device, and a batch on a GPU waits for no random numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from strata.errors import InputError, nearest


@dataclass(frozen=True)
class Augmentation:
    """What may happen to an image, each change drawn anew for each image and epoch.

    Attributes:
        flip: mirror left and right, half of the time.
        shift: largest shift along each axis, share of the side; edges are continued by mirroring.
        zoom: largest enlargement or shrinking: factors between 1 / (1 + zoom) and 1 + zoom.
        stretch: largest change of aspect, likewise.
        rotation: largest angle, degrees.
        shear: largest angle of a horizontal shear, degrees.
        brightness: largest change, share of the full range.
        contrast: largest change of the factor on the distance from the image's mean.
        saturation: largest change of the factor on the distance from the pixel's grey.
        cutout: side of one square that is greyed out, share of the side.
        mixup: alpha of the Beta distribution that blends pairs of images; 0: none.
    """

    flip: bool = False
    shift: float = 0.0
    zoom: float = 0.0
    stretch: float = 0.0
    rotation: float = 0.0
    shear: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    cutout: float = 0.0
    mixup: float = 0.0

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "Augmentation":
        """Read a plain dict.

        Raises:
            InputError: unknown keys, negative values.
        """
        known = {f.name for f in fields(cls)}
        for key, value in given.items():
            if key not in known:
                raise InputError(f"Unknown augmentation '{key}'.", nearest(key, known))
            if value < 0:
                raise InputError(f"Augmentation '{key}' must not be negative: {value}.")
        if given.get("shift", 0) >= 1 or given.get("cutout", 0) > 1:
            raise InputError("Augmentations 'shift' and 'cutout' are shares of an image's side.")
        return cls(**given)

    @property
    def whole_pixels(self) -> bool:
        """Whether images only move by whole pixels, so that nothing need be interpolated."""
        return not (self.zoom or self.stretch or self.rotation or self.shear)


class Draws(NamedTuple):
    """The changes of n images: one row each, float32; fields without effect are None."""

    flip: Tensor | None  #: (n,) bool
    shift: Tensor | None  #: (n, 2) x and y, in pixels
    affine: Tensor | None  #: (n, 2, 3) output -> input, in units of half a side (grid_sample)
    colour: Tensor | None  #: (n, 3) brightness (added), contrast and saturation (factors)
    cutout: Tensor | None  #: (n, 2) centre x and y, in units of the side
    mixup: Tensor | None  #: (n,) weight of the image itself, in [0.5, 1]

    def take(self, rows: slice) -> "Draws":
        """The changes of some of the images."""
        return Draws(*(None if part is None else part[rows] for part in self))


def draw(
    what: Augmentation, n: int, side: int, rng: np.random.Generator, device: torch.device
) -> Draws:
    """Draw the changes of n images of `side` pixels for one epoch."""

    def uniform(limit: float, *shape: int) -> NDArray[np.float64]:
        return rng.uniform(-limit, limit, (n, *shape))

    flip = shift = affine = colour = cutout = mixup = None
    if what.whole_pixels:
        flip = rng.random(n) < 0.5 if what.flip else None
        shift = np.rint(uniform(what.shift * side, 2)) if what.shift else None
    else:
        affine = _affine(what, n, uniform, rng)
    if what.brightness or what.contrast or what.saturation:
        factors = 1 + np.stack([uniform(what.contrast), uniform(what.saturation)], 1)
        colour = np.column_stack([255 * uniform(what.brightness), factors])
    if what.cutout:
        cutout = rng.random((n, 2))
    if what.mixup:
        weight = rng.beta(what.mixup, what.mixup, n)
        mixup = np.maximum(weight, 1 - weight)

    def send(part: NDArray[Any] | None, dtype: torch.dtype = torch.float32) -> Tensor | None:
        return None if part is None else torch.as_tensor(part, dtype=dtype, device=device)

    return Draws(
        send(flip, torch.bool),
        send(shift, torch.int64),
        send(affine),
        send(colour),
        send(cutout),
        send(mixup),
    )


def _affine(what: Augmentation, n: int, uniform: Any, rng: np.random.Generator) -> NDArray[Any]:
    """(n, 2, 3) maps from output to input: rotate, shear, scale, mirror, then shift."""
    angle, shear = np.deg2rad(uniform(what.rotation)), np.tan(np.deg2rad(uniform(what.shear)))
    zoom = np.exp(uniform(np.log1p(what.zoom)))
    stretch = np.exp(uniform(np.log1p(what.stretch)) / 2)
    mirror = np.where(rng.random(n) < 0.5, -1.0, 1.0) if what.flip else np.ones(n)
    cos, sin = np.cos(angle), np.sin(angle)
    scale_x, scale_y = mirror * stretch / zoom, 1 / (stretch * zoom)
    matrix = np.empty((n, 2, 3))
    matrix[:, 0, 0], matrix[:, 0, 1] = scale_x * cos, scale_x * (shear * cos - sin)
    matrix[:, 1, 0], matrix[:, 1, 1] = scale_y * sin, scale_y * (shear * sin + cos)
    matrix[:, :, 2] = 2 * uniform(what.shift, 2)
    return matrix


def apply(what: Augmentation, images: Tensor, draws: Draws) -> Tensor:
    """Change a batch of images as drawn, all but mixup.

    Args:
        what: gives the size of cut-out squares.
        images: (b, side, side, 3) uint8.
        draws: of these images.

    Returns:
        (b, side, side, 3) in 0..255: uint8 where images only moved, float32 otherwise.
    """
    if draws.affine is not None:
        x = _warp(images, draws.affine)
    else:
        x = _move(images, draws.flip, draws.shift)
    if draws.colour is not None:
        x = _recolour(x.float(), draws.colour)
    if draws.cutout is not None:
        x = _cut_out(x, draws.cutout, round(what.cutout * images.shape[1]))
    return x


def _warp(images: Tensor, affine: Tensor) -> Tensor:
    """Affine maps with bilinear interpolation; edges are continued by mirroring."""
    side = images.shape[1]
    centres = (2 * torch.arange(side, device=images.device) + 1) / side - 1
    along_x = affine[:, None, :, 0] * centres[:, None] + affine[:, None, :, 2]
    along_y = affine[:, None, :, 1] * centres[:, None]
    grid = along_x[:, None] + along_y[:, :, None]
    x = images.permute(0, 3, 1, 2).float()
    x = functional.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
    return x.permute(0, 2, 3, 1).contiguous()


def _move(images: Tensor, flip: Tensor | None, shift: Tensor | None) -> Tensor:
    """Mirror and shift by whole pixels: one gather of rows, one of columns."""
    b, side = images.shape[:2]
    lines = images.flatten(2)
    places = torch.arange(side, device=images.device).expand(b, side)
    if shift is not None:
        rows = _mirror(places + shift[:, 1:], side)
        rows = rows + side * torch.arange(b, device=images.device)[:, None]
        lines = lines.flatten(0, 1).index_select(0, rows.flatten()).view(lines.shape)
    columns = places
    if flip is not None:
        columns = torch.where(flip[:, None], side - 1 - columns, columns)
    if shift is not None:
        columns = _mirror(columns + shift[:, :1], side)
    if columns is not places:
        bytes_ = (3 * columns[:, :, None] + torch.arange(3, device=images.device)).flatten(1)
        lines = lines.gather(2, bytes_[:, None].expand(lines.shape))
    return lines.view(images.shape)


def _mirror(index: Tensor, side: int) -> Tensor:
    """Continue 0..side-1 by mirroring at the outer edges of the first and the last pixel."""
    index = torch.where(index < 0, -1 - index, index)
    return torch.where(index >= side, 2 * side - 1 - index, index)


def _recolour(x: Tensor, colour: Tensor) -> Tensor:
    """Brightness, contrast and saturation: one linear map of each image's colours."""
    brightness, contrast, saturation = (part[:, None, None] for part in colour.unbind(1))
    pixels = x.flatten(1, 2)
    mean = pixels.mean((1, 2), keepdim=True)
    eye = torch.eye(3, device=x.device)
    colours = contrast * (saturation * eye + (1 - saturation) / 3)
    offset = ((1 - contrast) * mean + brightness).expand(-1, 1, 3)
    return torch.baddbmm(offset, pixels, colours).clamp_(0, 255).view(x.shape)


def _cut_out(x: Tensor, centre: Tensor, width: int) -> Tensor:
    """Grey out one square of an image (DeVries and Taylor 2017)."""
    side = x.shape[1]
    place = torch.arange(side, device=x.device) - (centre * side).floor()[:, :, None]
    inside = (place >= -(width // 2)) & (place < width - width // 2)
    columns = inside[:, 0].repeat_interleave(3, 1)
    square = inside[:, 1, :, None] & columns[:, None, :]
    return x.flatten(2).masked_fill(square, 128).view(x.shape)


def mix(x: Tensor, targets: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
    """Mixup: blend each image and its target with its neighbour's in the batch (Zhang et al. 2018).

    Args:
        x: (b, ...), any number type.
        targets: (b, classes) class weights.
        weight: (b,) of the image itself; None: no blending.
    """
    if weight is None:
        return x, targets
    flat, own = x.flatten(1).float(), weight[:, None]
    flat = torch.lerp(flat.roll(1, 0), flat, own)
    return flat.view(x.shape), torch.lerp(targets.roll(1, 0), targets, own)
