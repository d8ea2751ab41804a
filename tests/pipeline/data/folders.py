"""Small image folders for the tests of this package."""

import io
from pathlib import Path

import numpy as np
from PIL import Image


def textured(seed: int, size: int = 48) -> np.ndarray:
    """An uint8 (size, size, 3) picture with its own content at all scales."""
    rng = np.random.default_rng(seed)
    image = np.zeros((size, size, 3))
    for cells, strength in ((3, 70), (6, 50), (12, 35), (24, 20)):
        grid = rng.normal(0, strength, (cells, cells, 3))
        for channel in range(3):
            layer = Image.fromarray(grid[..., channel].astype(np.float32))
            image[..., channel] += np.asarray(layer.resize((size, size), Image.Resampling.BICUBIC))
    return np.clip(image + 128, 0, 255).astype(np.uint8)


def encoded(image: np.ndarray, fmt: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, fmt, **options)
    return buffer.getvalue()


PIXEL = encoded(np.full((2, 2, 3), 7, np.uint8))


def lay_out(root: Path, *paths: str, content: bytes = PIXEL) -> Path:
    """Write small files at paths below a folder."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def write_classes(root: Path, classes: dict[str, int], size: int = 48) -> Path:
    """Distinct textured pictures: class name -> how many."""
    seed = 0
    for name, count in classes.items():
        for number in range(count):
            seed += 1
            path = root / name / f"{number:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded(textured(seed, size)))
    return root
