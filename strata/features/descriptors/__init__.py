"""Image to local descriptors (SIFT, SURF, DAISY, color statistics), or to one vector (GIST).

May import `transforms` and `_simd`. Start at `base.py`, the interface of every descriptor, then
`dense_sift.py`.
"""
