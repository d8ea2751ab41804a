"""Random augmentation of training images, drawn for a whole epoch and applied in batches.

All randomness of an epoch is drawn first, with numpy: the same seed gives the same changes on
every device, and a GPU never waits for random numbers.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from strata.models.training.augment_config import Augmentation


class Draws(NamedTuple):
    """Random parameters for n images: one row each, float32; None where nothing is changed."""

    flip: Tensor | None  #: (n,) bool
    shift: Tensor | None  #: (n, 2) int64, x and y of the crop's corner, in pixels
    affine: Tensor | None  #: (n, 2, 3) output -> input, in `grid_sample`'s coordinates
    color: Tensor | None  #: (n, 3) brightness (added), contrast and saturation (factors)
    noise: Tensor | None  #: (n,) int64, seed of each image's noise
    cutout: Tensor | None  #: (n, 2) center x and y, as shares of the image size
    mixup: Tensor | None  #: (n,) weight of the image itself, in [0.5, 1]

    def take(self, rows: slice | Tensor) -> "Draws":
        """The parameters of some of the images."""
        return Draws(*(None if part is None else part[rows] for part in self))


def draw(
    augmentation: Augmentation,
    n: int,
    image_size: int,
    rng: np.random.Generator,
    device: torch.device,
) -> Draws:
    """Draw the augmentation of n images of `image_size` pixels for one epoch."""

    def uniform(limit: float | NDArray[np.float64], *shape: int) -> NDArray[np.float64]:
        return rng.uniform(-limit, limit, (n, *shape))

    window = augmentation.window(image_size)
    largest_shift = np.array(augmentation.shift_xy) * image_size
    flip = shift = affine = color = noise = cutout = mixup = None
    if augmentation.whole_pixels:
        flip = rng.random(n) < 0.5 if augmentation.flip else None
        if largest_shift.any() or window < image_size:
            corner = rng.integers(0, image_size - window + 1, (n, 2))
            shift = corner + np.rint(uniform(largest_shift, 2))
    else:
        place = uniform((image_size - window) / 2, 2) + uniform(largest_shift, 2)
        affine = _affine(augmentation, n, uniform, rng)
        affine[:, :, 2] = 2 * place / image_size
    if augmentation.brightness or augmentation.contrast or augmentation.saturation:
        factors = 1 + np.stack(
            [uniform(augmentation.contrast), uniform(augmentation.saturation)], 1
        )
        color = np.column_stack([255 * uniform(augmentation.brightness), factors])
    if augmentation.cutout:
        cutout = rng.random((n, 2))
    if augmentation.mixup:
        weight = rng.beta(augmentation.mixup, augmentation.mixup, n)
        mixup = np.maximum(weight, 1 - weight)
    if augmentation.noise:
        noise = rng.integers(0, 2**63, n)

    def send(part: NDArray[Any] | None, dtype: torch.dtype = torch.float32) -> Tensor | None:
        return None if part is None else torch.as_tensor(part, dtype=dtype, device=device)

    return Draws(
        send(flip, torch.bool),
        send(shift, torch.int64),
        send(affine),
        send(color),
        send(noise, torch.int64),
        send(cutout),
        send(mixup),
    )


def _affine(
    augmentation: Augmentation, n: int, uniform: Any, rng: np.random.Generator
) -> NDArray[Any]:
    """(n, 2, 3) affine maps from output to input: rotation, shear, scale, flip; no shift yet."""
    angle, shear = (
        np.deg2rad(uniform(augmentation.rotation)),
        np.tan(np.deg2rad(uniform(augmentation.shear))),
    )
    zoom = np.exp(uniform(np.log1p(augmentation.zoom)))
    stretch = np.exp(uniform(np.log1p(augmentation.stretch)) / 2)
    mirror = np.where(rng.random(n) < 0.5, -1.0, 1.0) if augmentation.flip else np.ones(n)
    cos, sin = np.cos(angle), np.sin(angle)
    scale_x, scale_y = mirror * stretch / zoom, 1 / (stretch * zoom)
    matrix = np.zeros((n, 2, 3))
    matrix[:, 0, 0], matrix[:, 0, 1] = scale_x * cos, scale_x * (shear * cos - sin)
    matrix[:, 1, 0], matrix[:, 1, 1] = scale_y * sin, scale_y * (shear * sin + cos)
    return matrix


def apply(augmentation: Augmentation, images: Tensor, draws: Draws) -> Tensor:
    """Apply all that was drawn to a batch of images, except mixup.

    Args:
        augmentation: gives the sizes of the crop, of the noise and of the cutout square.
        images: (b, image_size, image_size, channels) uint8.
        draws: the rows of these images.

    Returns:
        (b, window, window, channels) in 0..255: uint8 after shifts by whole pixels, float32
        otherwise.
    """
    window = augmentation.window(images.shape[1])
    if draws.affine is not None:
        x = _warp(images, draws.affine, window)
    else:
        x = _move(images, draws.flip, draws.shift, window)
    if draws.color is not None:
        x = _recolor(x.float(), draws.color)
    if draws.noise is not None:
        x = _add_noise(x.float(), draws.noise, 255 * augmentation.noise)
    if draws.cutout is not None:
        x = _cut_out(x, draws.cutout, round(augmentation.cutout * window))
    return x


def _warp(images: Tensor, affine: Tensor, window: int) -> Tensor:
    """Affine maps with bilinear interpolation and reflection padding."""
    size = images.shape[1]
    centers = (2 * torch.arange(window, device=images.device) + 1 - window) / size
    along_x = affine[:, None, :, 0] * centers[:, None] + affine[:, None, :, 2]
    along_y = affine[:, None, :, 1] * centers[:, None]
    grid = along_x[:, None] + along_y[:, :, None]
    x = images.permute(0, 3, 1, 2).float()
    x = functional.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
    return x.permute(0, 2, 3, 1).contiguous()


def _move(images: Tensor, flip: Tensor | None, shift: Tensor | None, window: int) -> Tensor:
    """Crop at whole pixels and flip: one gather of rows, one of columns."""
    if flip is None and shift is None:
        return images
    b, size = images.shape[:2]
    device = images.device
    lines = images.flatten(2)
    places = torch.arange(window, device=device).expand(b, window)
    columns = places if flip is None else torch.where(flip[:, None], window - 1 - places, places)
    if shift is not None:
        columns = reflect_index(columns + shift[:, :1], size)
        rows = reflect_index(places + shift[:, 1:], size)
        rows = rows + size * torch.arange(b, device=device)[:, None]
        lines = lines.flatten(0, 1).index_select(0, rows.flatten()).view(b, window, -1)
    n = images.shape[3]
    channels = (n * columns[:, :, None] + torch.arange(n, device=device)).flatten(1)
    return lines.gather(2, channels[:, None].expand(b, window, -1)).view(b, window, window, n)


def reflect_index(index: Tensor, size: int) -> Tensor:
    """Reflect indices beyond 0..size-1 at the outer edges of the end pixels (padding)."""
    index = torch.where(index < 0, -1 - index, index)
    return torch.where(index >= size, 2 * size - 1 - index, index)


def _recolor(x: Tensor, color: Tensor) -> Tensor:
    """Change brightness, contrast and saturation by one linear map of each image's colors."""
    brightness, contrast, saturation = (part[:, None, None] for part in color.unbind(1))
    pixels = x.flatten(1, 2)
    mean = pixels.mean((1, 2), keepdim=True)
    channels = x.shape[3]  # with one, the saturation changes nothing
    eye = torch.eye(channels, device=x.device)
    colors = contrast * (saturation * eye + (1 - saturation) / channels)
    offset = ((1 - contrast) * mean + brightness).expand(-1, 1, channels)
    return torch.baddbmm(offset, pixels, colors).clamp_(0, 255).view(x.shape)


def _add_noise(x: Tensor, seeds: Tensor, deviation: float) -> Tensor:
    """Add Gaussian noise, drawn on the CPU: the same on every device and for any batch."""
    generator = torch.Generator()
    drawn = torch.empty(x.shape)
    for image, seed in zip(drawn, seeds.tolist(), strict=True):
        image.normal_(0.0, deviation, generator=generator.manual_seed(seed))
    return (x + drawn.to(x.device)).clamp_(0, 255)


def _cut_out(x: Tensor, center: Tensor, width: int) -> Tensor:
    """Cutout: fill one square of each image with gray (DeVries and Taylor 2017)."""
    size = x.shape[1]
    place = torch.arange(size, device=x.device) - (center * size).floor()[:, :, None]
    inside = (place >= -(width // 2)) & (place < width - width // 2)
    columns = inside[:, 0].repeat_interleave(x.shape[3], 1)
    square = inside[:, 1, :, None] & columns[:, None, :]
    return x.flatten(2).masked_fill(square, 128).view(x.shape)


def mix(x: Tensor, targets: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
    """Mixup: blend each image and its target with those of the row before (Zhang et al. 2018).

    Args:
        x: (b, ...), any number type.
        targets: (b, classes) class weights.
        weight: (b,) of the image itself; None: no mixup.
    """
    if weight is None:
        return x, targets
    flat, own = x.flatten(1).float(), weight[:, None]
    flat = torch.lerp(flat.roll(1, 0), flat, own)
    return flat.view(x.shape), torch.lerp(targets.roll(1, 0), targets, own)
