"""Classifiers and networks, from vectors or images to class scores, as scikit-learn estimators.

Imports nothing of `features`, `reports` or `pipeline`. Start at `classifiers/kernel_svm.py` for
vectors, `estimators/network_classifier.py` for images; `__init__.pyi` lists the public names, each
imported when first used, as torch is slow to import.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
