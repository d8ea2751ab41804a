"""Local descriptors to one vector per image: bag of words, Fisher vectors, VLAD, pyramids.

May import `codebooks`, `descriptors`, `transforms` and `_simd`. Start at `bag_of_words.py`; the
improved Fisher vector is in `fisher_vectors.py`.
"""
