"""The page: one HTML file with its own style, script, drawings and pictures."""

from strata.reports.page.render import page_html, pictures_for

__all__ = ["page_html", "pictures_for"]
