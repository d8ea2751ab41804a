"""Codebooks learned from local descriptors: k-means, visual words, Gaussian mixtures.

May import `descriptors`, `transforms` and `_simd`. Start at `visual_words.py`, or at `kmeans.py`
for the clustering itself.
"""
