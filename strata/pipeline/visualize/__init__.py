"""Visualizations of methods: codebooks, pyramid cells, first filters, Grad-CAM maps.

May import `experiment` and everything below. Start at `visualize.py`.
"""
