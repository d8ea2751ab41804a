"""Vector to vector: normalization, LDA, kernels and their explicit feature maps.

May import `_simd`. Start at `normalize.py` or `kernels.py`.
"""
