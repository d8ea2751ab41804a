"""strata: compare classical features and deep learning on one folder of labeled images."""

from strata._threads import choose_blas_kernels

__version__ = "0.1.0"

choose_blas_kernels()
