"""Listing of the files that a prediction is asked for: paths, folders, patterns, standard input.

Imports `data` and what all packages share. Start at `paths.py`.
"""
