"""Pictures of what was learned: codebooks, pyramid cells, filters, activations, Grad-CAM.

May import `experiment` and everything below. Start at `visualize.py`.
"""
