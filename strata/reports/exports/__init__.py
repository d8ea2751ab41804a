"""Results as tables, JSON, LaTeX, a methods paragraph, a bibliography.

May import `summary`, `checks`, `comparison`, `statistics` and `model`. Start at `results_json.py`.
"""
