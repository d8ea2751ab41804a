"""The artifact store: folders keyed by content, written beside and renamed in place.

Imports nothing of the pipeline. Start at `store.py`.
"""
