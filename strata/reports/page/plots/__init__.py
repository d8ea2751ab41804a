"""Figures of the page, drawn as SVG.

May import what the page may, but not the page. Start at `svg.py`.
"""
