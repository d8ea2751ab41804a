"""The plain dataclasses that a report is written from, filled by the pipeline.

Imports nothing else of `reports`. Start at `results.py`.
"""
