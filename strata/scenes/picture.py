"""Drawing of one picture of a scene class."""

from collections.abc import Callable

import numpy as np

from strata.errors import InputError, nearest
from strata.scenes.elements.camera import develop
from strata.scenes.elements.shot import Shot
from strata.scenes.kinds.coast import coast
from strata.scenes.kinds.forest import forest
from strata.scenes.kinds.highway import highway
from strata.scenes.kinds.inside_city import inside_city
from strata.scenes.kinds.mountain import mountain
from strata.scenes.kinds.open_country import open_country
from strata.scenes.kinds.street import street
from strata.scenes.kinds.tallbuilding import tallbuilding

#: Function that composes the pictures of each class, from a generator and the canvas side.
COMPOSERS: dict[str, Callable[[np.random.Generator, int], Shot]] = {
    "Opencountry": open_country,
    "coast": coast,
    "forest": forest,
    "highway": highway,
    "inside_city": inside_city,
    "mountain": mountain,
    "street": street,
    "tallbuilding": tallbuilding,
}

#: Smallest and largest side of a picture, in pixels.
SMALLEST, LARGEST = 32, 512


def check_size(size: int) -> None:
    """Raise InputError unless pictures can be drawn at this size."""
    if not SMALLEST <= size <= LARGEST:
        raise InputError(
            f"scenes cannot be drawn at {size} pixels",
            f"Choose a side from {SMALLEST} to {LARGEST}.",
        )


def draw(scene: str, rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw a picture of a scene class.

    A generator in the same state gives the same composition at every size.

    Args:
        scene: class name, one of `strata.scenes.SCENES`.
        rng: random generator of everything that varies.
        size: side in pixels, 32 to 512.

    Returns:
        (size, size, 3) uint8 RGB.

    Raises:
        InputError: the class is unknown, or the size out of range.

    Examples:
        >>> import numpy as np
        >>> from strata.scenes import draw
        >>> draw("coast", np.random.default_rng(0), 64).shape
        (64, 64, 3)
    """
    if scene not in COMPOSERS:
        raise InputError(f"there is no scene '{scene}'", nearest(scene, COMPOSERS))
    check_size(size)
    # 1.5x supersampling for antialiasing; at least 96 pixels, so that small pictures keep detail.
    canvas = max(96, size * 3 // 2)
    return develop(COMPOSERS[scene](rng, canvas), size)
