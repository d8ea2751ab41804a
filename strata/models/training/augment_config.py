"""Description of the augmentation of training images."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any

from strata.errors import InputError, nearest
from strata.parameter_types import NamedTable


@dataclass(frozen=True)
class Augmentation:
    """Random changes of training images, drawn anew for each image and epoch.

    Attributes:
        flip: horizontal flip with probability 1/2.
        crop: width of a square crop at a random place, as a share of the image's. Inference takes
            crops of that size too, since the effect of padding depends on the size.
        shift: largest shift along each axis, share of the width; or one along x and one along y;
            reflection padding.
        zoom: largest enlargement or shrinking: factors between 1 / (1 + zoom) and 1 + zoom.
        stretch: largest change of the aspect ratio: factors between 1 / (1 + stretch) and
            1 + stretch.
        rotation: largest angle, degrees.
        shear: largest angle of a horizontal shear, degrees.
        brightness: largest change, share of the full range.
        contrast: largest change of the factor on the distance from the image's mean.
        saturation: largest change of the factor on the distance from the pixel's gray value.
        noise: standard deviation of Gaussian noise, new for each pixel and channel, share of the
            full range; added before cutout and mixup, and cut off at black and white.
        cutout: width of one square filled with gray, share of the image's width.
        mixup: alpha of mixup's Beta distribution; 0: no mixup.
    """

    flip: bool = False
    crop: float = 1.0
    shift: float | tuple[float, float] = 0.0
    zoom: float = 0.0
    stretch: float = 0.0
    rotation: float = 0.0
    shear: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    noise: float = 0.0
    cutout: float = 0.0
    mixup: float = 0.0

    @classmethod
    def of(cls, given: str | Mapping[str, Any]) -> "Augmentation":
        """The augmentation of a key of `AUGMENTATIONS`, or of a dict of fields.

        Raises:
            InputError: unknown names, negative values.
        """
        if isinstance(given, Mapping):
            return cls.from_dict(given)
        if not isinstance(given, str):
            raise InputError(f"An augmentation is a name or a table, not {given!r}.")
        if given not in AUGMENTATIONS:
            raise InputError(f"Unknown augmentation '{given}'.", nearest(given, AUGMENTATIONS))
        return AUGMENTATIONS[given]

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "Augmentation":
        """The augmentation of a dict of fields.

        Raises:
            InputError: unknown keys, values that are no numbers or negative.
        """
        kinds = {f.name: f.type for f in fields(cls)}
        for key, value in given.items():
            if key not in kinds:
                raise InputError(f"Unknown augmentation '{key}'.", nearest(key, kinds))
            pair = key == "shift" and isinstance(value, list | tuple) and len(value) == 2
            for number in value if pair else [value]:
                _check_number(key, number, is_bool=kinds[key] is bool)
        if not 0 < given.get("crop", 1) <= 1:
            raise InputError("Augmentation 'crop' is a share of an image's width, in (0, 1].")
        shift = given.get("shift", 0.0)
        shift = tuple(shift) if isinstance(shift, list | tuple) else shift
        made = cls(**{**given, "shift": shift})
        if max(made.shift_xy) >= 1 or made.cutout > 1:
            raise InputError("Augmentations 'shift' and 'cutout' are shares of an image's width.")
        if made.noise > 1:
            raise InputError("Augmentation 'noise' is a share of the full range, at most 1.")
        if made.shear >= 90:
            raise InputError("Augmentation 'shear' is an angle below 90 degrees.")
        return made

    @property
    def shift_xy(self) -> tuple[float, float]:
        """Largest shifts along x and y, shares of the width."""
        return self.shift if isinstance(self.shift, tuple) else (self.shift, self.shift)

    def window(self, image_size: int) -> int:
        """Width of the crop that a network takes of an image, pixels."""
        return max(1, round(self.crop * image_size))

    @property
    def whole_pixels(self) -> bool:
        """True if images are only flipped and shifted by whole pixels, without interpolation."""
        return not (self.zoom or self.stretch or self.rotation or self.shear)


def _check_number(key: str, value: Any, *, is_bool: bool) -> None:
    """Raise `InputError` for a value of another kind, a negative or an infinite one."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (isinstance(value, bool) if is_bool else number):
        pair = " It is a number, or a list of two: [x, y]." if key == "shift" else ""
        raise InputError(f"Augmentation '{key}' cannot be {value!r}.{pair}")
    if not 0 <= value < math.inf:
        raise InputError(f"Augmentation '{key}' is 0 or more, and finite, not {value}.")


#: name -> augmentation: "light" keeps any photograph's class, "strong" is for long trainings on few
#: images.
AUGMENTATIONS = {
    "none": Augmentation(),
    "light": Augmentation(flip=True, shift=0.125),
    "strong": Augmentation(
        flip=True,
        shift=0.15,
        zoom=0.25,
        stretch=0.15,
        rotation=6,
        brightness=0.1,
        contrast=0.25,
        saturation=0.25,
        mixup=0.2,
    ),
}

#: Type of a parameter: a name of `AUGMENTATIONS`, or a table that `Augmentation.of` reads.
AugmentationLike = Annotated[
    str | Mapping[str, Any],
    NamedTable(AUGMENTATIONS, "strata.models.training.augment_config:Augmentation.of"),
]
