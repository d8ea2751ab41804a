"""Scene classes: one module and one composing function per class.

May import `elements`. Start at `coast.py`.
"""
