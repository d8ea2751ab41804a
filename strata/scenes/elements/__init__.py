"""Elements of scenes: light, noise, terrain, sky, buildings, trees, traffic, the camera.

Imports nothing else of strata. Start at `shot.py`: view, canvas and drawing primitives.
"""
