"""Built-in data set: procedurally drawn outdoor scenes, for users who bring no images.

The eight classes of Oliva and Torralba ("Modeling the shape of the scene", 2001), at any image
size and number per class, reproducible from a seed. A picture is composed like a photograph: a
pinhole camera, time of day, weather, occluding objects. Neighboring classes share drawing code, so
some pictures are ambiguous between two classes.

Imports nothing of `features`, `models`, `reports` or `pipeline`. Start at `picture.py`, then
`kinds/coast.py`; `__init__.pyi` lists the public names, each loaded when first asked for.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
