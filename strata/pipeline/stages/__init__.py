"""The stages: pure functions from inputs and parameters to one artifact, by topic.

May import `graph`, `data` and `store`, and `strata.features` and `strata.models` inside functions.
Start at `encodings.py`.
"""
