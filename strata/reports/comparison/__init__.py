"""Methods compared: evaluations, pairwise tests, ranking, shared errors, sweeps.

May import `statistics` and `model`. Start at `evaluation.py`.
"""
