"""From images to descriptors to one vector an image: descriptors, codebooks, encodings, kernels."""

from importlib import import_module
from typing import Any

#: name -> module that defines it; loaded when first asked for.
_EXPORTS = {
    "BagOfWords": "bag_of_words",
    "ColourStatistics": "colour",
    "DenseDAISY": "daisy",
    "DenseSIFT": "dense_sift",
    "DenseSURF": "surf",
    "DiagonalMixture": "mixture",
    "FisherVectors": "fisher",
    "KMeansCodebook": "kmeans",
    "LinearDiscriminants": "discriminants",
    "LocalDescriptors": "local",
    "PaperDenseSIFT": "dense_sift",
    "SparseDAISY": "daisy",
    "SparseSIFT": "sparse",
    "SparseSURF": "surf",
    "VLAD": "vlad",
    "VisualWords": "visual_words",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
