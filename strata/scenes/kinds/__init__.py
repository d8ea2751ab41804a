"""The eight kinds of scenes, one function each that composes a picture.

May import `elements`. Start at `coast.py`.
"""
