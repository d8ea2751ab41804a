"""Outdoor scenes drawn by the program itself: the data set for those who bring none.

The eight classes of Oliva and Torralba (2001), at any size and number, from a seed. Pictures are
composed like photographs: a camera, a time of day, weather, things that stand in the way.
Neighbors among the classes share their ways of drawing, so that some pictures lie between two.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strata.scenes.picture import draw
    from strata.scenes.write import write_scenes

#: The classes, in order.
SCENES = (
    "Opencountry",
    "coast",
    "forest",
    "highway",
    "inside_city",
    "mountain",
    "street",
    "tallbuilding",
)

_EXPORTS = {"draw": "picture", "write_scenes": "write"}

__all__ = ["SCENES", "draw", "write_scenes"]


def __getattr__(name: str) -> object:
    if name in _EXPORTS:
        return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
