"""Input of a report as plain dataclasses: methods with their scores, costs, data and run.

Imports nothing else of `reports`. Start at `results.py`.
"""
