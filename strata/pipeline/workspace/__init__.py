"""Workspace of a run: an experiment with its store, made and reported; progress on a console.

The command line and `strata.compare` both work with it, so that they make the same artifacts. May
import all of the pipeline below `cli` and `api`. Start at `workspace.py`, then `make.py`.
"""
