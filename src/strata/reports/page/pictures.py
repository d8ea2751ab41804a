"""Small pictures inside the page, within a budget of bytes."""

import base64
import io
from collections.abc import Callable

import numpy as np

#: Bytes of all pictures of one page together, as they stand in the file.
BUDGET = 3_400_000


class Pictures:
    """Turns image ids into `data:` addresses; None for what cannot or may not be shown.

    Args:
        thumbnail: the picture of an id, uint8 (H, W, 3) RGB.
        side: longest side in pixels.
        budget: bytes in all; pictures that no longer fit are left out and counted.
    """

    def __init__(
        self, thumbnail: Callable[[str], np.ndarray], *, side: int = 132, budget: int = BUDGET
    ) -> None:
        self.left_out = 0
        self._thumbnail, self._side, self._left = thumbnail, side, budget
        self._made: dict[str, str | None] = {}

    def address(self, image: str) -> str | None:
        """The picture as `data:image/jpeg;base64,...`."""
        if image not in self._made:
            self._made[image] = self._make(image)
        made = self._made[image]
        if made is None:
            return None
        if len(made) > self._left:
            self.left_out += 1
            return None
        self._left -= len(made)
        return made

    def _make(self, image: str) -> str | None:
        from PIL import Image

        try:
            picture = Image.fromarray(np.ascontiguousarray(self._thumbnail(image), np.uint8))
        except Exception:  # a missing file costs a picture, not the page
            return None
        picture.thumbnail((self._side, self._side), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        picture.convert("RGB").save(out, "JPEG", quality=74, optimize=True)
        return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"
