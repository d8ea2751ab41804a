"""strata: compare classical features and deep learning on one folder of labeled images.

`compare` runs methods on images, `audit` looks for faults of the images; `load` and `Model`
classify with what was learned, and `onnx_inputs` feeds its ONNX file. The estimators are in
`strata.features` and `strata.models`.
`__init__.pyi` lists the public names, each imported on first access.
"""

import lazy_loader

from strata._threads import choose_blas_kernels

__version__ = "0.1.0"

choose_blas_kernels()

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]
