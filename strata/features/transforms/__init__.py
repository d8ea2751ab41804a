"""Vector to vector: normalization, LDA, kernels and explicit maps that approximate them.

Imports nothing of the other sub-packages. Start at `normalize.py` or `kernels.py`.
"""
