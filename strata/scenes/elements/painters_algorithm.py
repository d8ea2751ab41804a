"""Painter's algorithm: paint far objects first, so that near ones cover them."""

from collections.abc import Callable
from functools import partial


class BackToFront:
    """Queue of objects to paint, added in any order, painted by decreasing distance."""

    def __init__(self) -> None:
        self._things: list[tuple[float, Callable[[], object]]] = []

    def add(
        self, distance: float, paint: Callable[..., object], *args: object, **more: object
    ) -> None:
        """Queue the call `paint(*args, **more)` for an object at `distance` meters."""
        self._things.append((distance, partial(paint, *args, **more)))

    def paint(self) -> None:
        """Paint everything from back to front; ties in the order of adding."""
        for _, paint in sorted(self._things, key=lambda thing: -thing[0]):
            paint()
