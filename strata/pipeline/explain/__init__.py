"""Explanations of predictions: maps over an image, and the training images that speak for a class.

May import `visualize` and everything below. Start at `explanation.py`.
"""
