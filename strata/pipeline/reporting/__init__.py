"""From artifacts to what `strata.reports` reads: scores, costs, searches, audit findings.

May import everything of the pipeline but `cli`. Start at `comparison.py`.
"""
