"""Experiment files and the graph composed from them: methods, folds, searches, prediction.

May import everything below: `recipes`, `stages`, `execution`, `graph`, `data`, `store`. Start at
`file.py` (TOML to methods), then `compose.py` (methods to nodes).
"""
