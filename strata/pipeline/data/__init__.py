"""The images: where they come from, layouts, splits given, manifest, audit.

May import `store`. Start at `source.py`, then `manifest.py`; the audit is in `audit.py`.
"""
