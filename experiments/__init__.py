"""Experiment files on the paper's data, and the program that makes docs/results.md of them."""
