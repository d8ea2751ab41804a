"""The command line: make's habits, on methods instead of files."""

from strata.pipeline.cli.app import main

__all__ = ["main"]
