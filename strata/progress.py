"""Type of the callbacks that long operations report their progress to."""

from collections.abc import Callable

#: Called with the units done and the units in all: bytes, files or images.
ProgressCallback = Callable[[int, int], None]
