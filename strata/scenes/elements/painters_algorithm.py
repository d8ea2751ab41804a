"""Painting far things first, so that near ones cover them."""

from collections.abc import Callable
from functools import partial


class BackToFront:
    """Things to paint, each with its distance, in any order."""

    def __init__(self) -> None:
        self._things: list[tuple[float, Callable[[], object]]] = []

    def add(
        self, distance: float, paint: Callable[..., object], *args: object, **more: object
    ) -> None:
        """Call `paint(*args, **more)` when its turn comes."""
        self._things.append((distance, partial(paint, *args, **more)))

    def paint(self) -> None:
        """Paint everything; what is equally far in the order of adding."""
        for _, paint in sorted(self._things, key=lambda thing: -thing[0]):
            paint()
