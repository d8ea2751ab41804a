"""HTTP downloads: resumed after an interruption, bounded in time and size, verified by sha256.

Imports errors, digests and checked files. Start with `download.py:download`.
"""
