"""Exports of results: tables, JSON, CSV, LaTeX, a methods paragraph, BibTeX, comparison of runs.

May import `summary`, `checks`, `comparison`, `statistics`, `model` and `formatting`. Start at
`results_json.py`.
"""
