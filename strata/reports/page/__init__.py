"""Self-contained HTML page: style, script, figures and pictures in one file.

May import everything of `reports` but `writer`. Start at `render.py`.
"""

from strata.reports.page.render import page_html, pictures_for

__all__ = ["page_html", "pictures_for"]
