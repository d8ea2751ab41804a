"""Compiled kernels: loops over SIMD vectors, written for numba and LLVM.

One kernel per module, each with the formula that it computes and its error margin; README.md in
this folder says why they exist, how each is checked and how to run without them. Imports nothing
of strata but `_compiled` and `_threads`. Start at `vectors.py` (the vector type), then
`nearest_centroid.py`.
"""
