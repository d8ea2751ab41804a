"""Metrics, intervals, significance tests, calibration, ROC: formulas with their sources.

May import `model`. Start at `metrics.py`, then `intervals.py`.
"""
