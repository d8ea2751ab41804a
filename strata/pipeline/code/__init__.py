"""Keys of the project's code: which definitions a stage reaches, and whether they changed.

May import `store` (content keys). Start at `code_digest.py`, then `symbols.py` (what counts of a
definition).
"""
