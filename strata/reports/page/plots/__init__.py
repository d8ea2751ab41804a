"""Figures of the page as SVG drawings.

May import what the page may, and `page.pictures`. Start at `svg.py`.
"""
