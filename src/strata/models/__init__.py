"""From vectors or images to class scores: classifiers and networks, as scikit-learn estimators."""

from importlib import import_module
from typing import Any

#: name -> module that defines it; loaded when first asked for, as torch is slow to import.
_EXPORTS = {
    "DeepFeatures": "deep_features",
    "NetworkClassifier": "network",
    "grad_cam": "saliency",
    "resize_image": "images",
    "resize_images": "images",
}


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
