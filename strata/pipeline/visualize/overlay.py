"""Evidence maps over images: one color for Grad-CAM, two for evidence with a sign."""

import numpy as np

#: Opacity of the strongest evidence; the percentile of its amount that has it.
OPACITY, PERCENTILE = 0.8, 99.5
#: Colors (red, green, blue) of what speaks for a class, where nothing speaks against it; of what
#: speaks for it and against it. The two can be told apart in all common color deficiencies.
SUPPORT = (255.0, 200.0, 0.0)
FOR, AGAINST = (255.0, 132.0, 28.0), (64.0, 156.0, 255.0)
#: Stripes where a method does not look, in pixels of the picture.
STRIPE = 8


def fitted_in(image: np.ndarray, side: int) -> np.ndarray:
    """An image (H, W, 3) uint8 scaled so that its longest side is `side` pixels."""
    import cv2

    height, width = image.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(image), size, interpolation=method), np.uint8)


def overlay(picture: np.ndarray, evidence: np.ndarray, *, signed: bool) -> np.ndarray:
    """The gray version of a picture with a map over it: uint8 (H, W, 3).

    Args:
        picture: uint8 (H, W, 3).
        evidence: (h, w) over the picture, at any resolution; striped where it is NaN.
        signed: True for two colors, of evidence for and against; False for one, of evidence for.
    """
    import cv2

    size = picture.shape[1], picture.shape[0]
    known = np.isfinite(evidence)
    values = np.where(known, evidence, 0).astype(np.float32)
    shrinks = values.size > size[0] * size[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    values = np.asarray(cv2.resize(values, size, interpolation=method), np.float32)
    seen = cv2.resize(known.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    strength = (np.abs(values) / _strongest(np.abs(values)))[..., None].clip(0, 1)
    colors = np.where(values[..., None] < 0, AGAINST, FOR) if signed else np.array(SUPPORT)
    gray = picture @ np.array([0.299, 0.587, 0.114])
    base = 0.35 * gray[..., None] + 40
    opacity = OPACITY * strength
    found = (1 - opacity) * base + opacity * colors
    found[seen == 0] = _stripes(gray)[seen == 0, None]
    return np.rint(found).astype(np.uint8)


def _strongest(amounts: np.ndarray) -> float:
    """The amount that is drawn as the strongest: nearly the largest, of single pixels none."""
    return max(float(np.percentile(amounts, PERCENTILE)), float(amounts.max()) / 4, 1e-12)


def _stripes(gray: np.ndarray) -> np.ndarray:
    """A dark picture with diagonal stripes."""
    rows, columns = np.indices(gray.shape)
    stripe = (rows + columns) // STRIPE % 2
    return 0.12 * gray + 34 + 22 * stripe
