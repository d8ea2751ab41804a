"""The stages: pure functions from inputs and parameters to one artifact, by topic.

May import `graph` and everything below it, and `strata.features` and `strata.models` inside
functions. Start at `encodings.py`.
"""
