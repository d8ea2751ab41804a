"""Descriptions of predefined architectures, each a function of its arguments.

May import `choices` alone: a description is plain data. Start at `by_name.py`, the list of all.
"""
