"""Command line of `strata`: make's commands and options, on methods instead of files.

May import all of the pipeline. Start at `app.py` (commands and options). The commands are
implemented in modules of their names, but `status`, `why` and `list` in `inspect.py`, and `clean`
and `gc` in `tidy.py`; most begin with a `workspace.Workspace`.
"""

from strata.pipeline.cli.app import main

__all__ = ["main"]
