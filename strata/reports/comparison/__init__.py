"""Comparison of methods: evaluations, pairwise tests, ranking, shared errors, sweeps, searches.

May import `statistics`, `model` and `formatting`. Start at `evaluation.py`.
"""
