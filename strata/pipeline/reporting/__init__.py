"""Input of `strata.reports` from artifacts: scores, costs, search results, audit findings.

May import everything of the pipeline but `cli`. Start at `comparison.py`.
"""
