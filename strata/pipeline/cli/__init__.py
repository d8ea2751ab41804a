"""Command line of `strata`: make's commands and options, on methods instead of files.

May import all of the pipeline. Start at `app.py` (commands and options); each command has its
function in the module of its name, and most begin with a `workspace.Workspace`.
"""

from strata.pipeline.cli.app import main

__all__ = ["main"]
