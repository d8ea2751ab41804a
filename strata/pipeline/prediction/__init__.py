"""Trained methods that classify images: from the graph of a method, without its training images.

Imports stages, recipes, execution, graph, data and the store; nothing of experiments. Start at
`model.py`, then `steps.py`; `stream.py` predicts any number of files, by way of `classify.py`.
"""
