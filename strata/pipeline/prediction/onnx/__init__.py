"""Methods as ONNX files: their steps as one graph, checked on images against their own scores.

Imports `strata.models.onnx_export`, stages and the modules beside this folder. Start at
`export.py`, then `graph.py`.
"""
