"""One picture of one scene."""

from collections.abc import Callable

import numpy as np

from strata.errors import InputError, nearest
from strata.pipeline.scenes.camera import develop
from strata.pipeline.scenes.coast import coast
from strata.pipeline.scenes.forest import forest
from strata.pipeline.scenes.highway import highway
from strata.pipeline.scenes.inside_city import inside_city
from strata.pipeline.scenes.mountain import mountain
from strata.pipeline.scenes.open_country import open_country
from strata.pipeline.scenes.shot import Shot
from strata.pipeline.scenes.street import street
from strata.pipeline.scenes.tallbuilding import tallbuilding

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

SMALLEST, LARGEST = 32, 512


def check_size(size: int) -> None:
    """Raise InputError unless pictures can be drawn at this size."""
    if not SMALLEST <= size <= LARGEST:
        raise InputError(
            f"scenes cannot be drawn at {size} pixels",
            f"Choose a side from {SMALLEST} to {LARGEST}.",
        )


def draw(scene: str, rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw a picture of a scene; a generator in the same state gives the same composition at all
    sizes.

    Args:
        scene: one of `strata.pipeline.scenes.SCENES`.
        rng: for everything that varies.
        size: side in pixels, 32 to 512.

    Returns:
        (size, size, 3) uint8 RGB.

    Raises:
        InputError: unknown scene, or a size out of range.
    """
    if scene not in COMPOSERS:
        raise InputError(f"there is no scene '{scene}'", nearest(scene, COMPOSERS))
    check_size(size)
    # Drawn half as large again and reduced, which smooths edges; small pictures still get detail.
    canvas = max(96, size * 3 // 2)
    return develop(COMPOSERS[scene](rng, canvas), size)
