"""Image to descriptors to one vector: descriptors, codebooks, encodings, transforms, kernels.

Imports nothing of `models`, `reports` or `pipeline`. Estimators follow scikit-learn.
Start at `descriptors/dense_sift.py`, then `encodings/fisher_vectors.py`; `__init__.pyi` lists the
public names by sub-package, each imported on first access.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
