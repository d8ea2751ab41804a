"""Compiled kernels: loops over SIMD vectors, written for numba and LLVM.

One kernel per file, each with the formula it computes and its error bound; README.md beside this
file says why they exist and how each is checked. Imports nothing of strata but `_compiled` and
`_threads`. Start at `vectors.py` (the vector type), then `nearest_centroid.py` (the shortest
kernel).
"""
