"""Predictions to understanding: metrics, intervals, tests, checks, tables, the HTML page.

Imports nothing of `features`, `models` or `pipeline`. Start at `model/results.py` (what is
reported on), then `writer.py` (what is written); `__init__.pyi` lists the public names.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
