"""Classifiers of vectors: kernel and linear SVMs, logistic regression, and their calibration.

May import `runtime`. Start at `kernel_svm.py`.
"""
