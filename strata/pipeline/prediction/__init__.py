"""Prediction outside the training graph: models, and the files that they travel in."""
