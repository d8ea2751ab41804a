"""Entry point of `python -m strata`."""

from strata.pipeline.cli import main

main()
