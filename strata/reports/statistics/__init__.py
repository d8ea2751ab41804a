"""Metrics, confidence intervals, significance tests, calibration, ROC, with their sources.

May import `model` and `formatting`. Start at `metrics.py`, then `intervals.py`.
"""
