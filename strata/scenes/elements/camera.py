"""Camera model: exposure, color cast, tone curve, vignetting, blur, noise, JPEG compression."""

import cv2
import numpy as np

from strata.scenes.elements.shot import Shot

Array = np.ndarray


def develop(shot: Shot, size: int) -> Array:
    """Develop a shot to the finished photograph, (size, size, 3) uint8 RGB."""
    rng = np.random.default_rng(shot.rng.integers(1 << 62))
    image = cv2.resize(shot.rgb, (size, size), interpolation=cv2.INTER_AREA)
    np.clip(image, 0, 1.5, out=image)
    # Auto-exposure brings the mean half of the way to middle gray.
    meter = np.clip((0.45 / max(float(image.mean()), 0.02)) ** 0.5, 0.8, 2.0)
    exposure = meter * np.exp(rng.normal(0.05, 0.11))
    cast = 1 + rng.normal(0, 0.02, 3) + rng.normal(0, 0.03) * np.array([1, 0, -1])
    image = cv2.transform(image, np.diag(exposure * cast))
    # Shoulder of a film's tone curve: highlights roll off instead of clipping.
    image = image / (1 + np.maximum(image - 0.75, 0) * 0.8)
    colorful, contrast = max(rng.normal(1.08, 0.13), 0), rng.normal(1.08, 0.08)
    gray = np.array([0.3, 0.59, 0.11])
    tones = contrast * (colorful * np.eye(3) + (1 - colorful) * gray)
    # Saturation and contrast, with middle gray as the fixed point.
    image = cv2.transform(image - np.float32(0.45), tones) + np.float32(0.45)
    fall = rng.uniform(0, 0.35)  # vignetting
    span = np.linspace(-1, 1, size, dtype=np.float32)
    image *= cv2.merge([1 - fall * 0.5 * (span[:, None] ** 2 + span[None, :] ** 2)] * 3)
    if rng.random() < 0.35:
        blur = rng.exponential(0.0015) * size
        image = cv2.GaussianBlur(image, (0, 0), max(blur, 0.15))
    noise = min(rng.exponential(0.004), 0.04)
    own = np.random.default_rng(rng.integers(1 << 62))
    image += noise * own.standard_normal(image.shape, dtype=np.float32)
    if rng.random() < 0.5:
        image = image[:, ::-1]
    pixels = np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)
    quality = int(rng.integers(60, 97))
    pixels = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2BGR)
    coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)
