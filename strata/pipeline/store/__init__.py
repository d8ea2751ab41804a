"""Artifact store: folders keyed by content hashes, written aside and renamed into place.

Imports nothing of the pipeline. Start at `store.py`.
"""
