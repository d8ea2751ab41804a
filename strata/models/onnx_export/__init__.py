"""Fitted classifiers as ONNX files, checked against their own scores when they are written.

May import `estimators` and what lies below. Start at `write.py`; the modules that a graph is
composed of are in `image_modules.py` (images to vectors or scores), `vector_modules.py` (vectors to
vectors) and `score_modules.py` (to the scores and probabilities of all classes).
"""
