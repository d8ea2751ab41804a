"""The page: one HTML file with its own style, script, drawings and pictures."""

from strata.reports.page.render import page_html

__all__ = ["page_html"]
