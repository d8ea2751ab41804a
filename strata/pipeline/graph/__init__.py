"""Stages, recipes and nodes: the graph of artifacts, with keys by content and code.

May import `parameters`, `code`, `data` and `store`. Start at `stage.py` (what a node is), then
`recipe.py`.
"""
