"""What scenes are drawn from: light, noise, terrain, sky, buildings, trees, traffic, a camera.

Imports nothing else of strata. Start at `shot.py`, the picture being taken.
"""
