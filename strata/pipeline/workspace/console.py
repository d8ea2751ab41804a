"""The console: plain text, and nothing in it that steers the terminal."""

import sys
from typing import Any

from rich.console import Console

from strata.text import printable


class Terminal(Console):
    """Console that prints strings as they are, without markup, and control characters escaped.

    Args:
        stderr: print to stderr, where progress goes; results go to stdout.
        quiet: print nothing.
    """

    def __init__(self, *, stderr: bool = False, quiet: bool = False) -> None:
        super().__init__(
            stderr=stderr,
            quiet=quiet,
            # Not by FORCE_COLOR, which Jupyter sets: a bar redrawn in a log is no progress.
            force_terminal=sys.stderr.isatty() if stderr else None,
            soft_wrap=True,
            markup=False,
            highlight=False,
            emoji=False,
            force_jupyter=False,  # plain lines: widgets of a notebook are not kept with it
        )

    def print(self, *objects: Any, **keywords: Any) -> None:
        """Print objects as rich does, strings with control characters escaped."""
        super().print(*(printable(o) if isinstance(o, str) else o for o in objects), **keywords)
