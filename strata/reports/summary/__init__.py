"""What a comparison says in words: analysis, verdict, limits.

May import `checks`, `comparison`, `statistics` and `model`. Start at `verdict.py`.
"""
