"""Summary of a comparison in words: analysis, verdict, limitations.

May import `checks`, `comparison`, `statistics`, `model` and `formatting`. Start at `verdict.py`.
"""
