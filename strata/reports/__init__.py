"""Reports on a comparison of classifiers: metrics, confidence intervals, tests, tables, HTML page.

Imports nothing of `features`, `models` or `pipeline`. Start at `model/results.py` (the input of
a report), then `writer.py` (its output files); `__init__.pyi` lists the public names.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
