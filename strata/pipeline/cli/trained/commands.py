"""Command `strata export`, at the top level of the program."""

from pathlib import Path
from typing import Annotated

import typer

from strata.pipeline.cli.opening import open_workspace
from strata.pipeline.cli.options import (
    File,
    Jobs,
    Overrides,
    SkipBroken,
    StoreDir,
    Weights,
    exit_with_errors,
)

model_app = typer.Typer(rich_markup_mode=None)


@model_app.command()
@exit_with_errors
def export(
    method: Annotated[str, typer.Argument(help="A method that is up to date.")],
    path: Annotated[
        Path, typer.Argument(metavar="FILE.strata", help="The model file to be written.")
    ],
    file: File = None,
    settings: Overrides = None,
    store: StoreDir = None,
    jobs: Jobs = None,
    skip_broken: SkipBroken = False,
    weights: Weights = None,
) -> int:
    """Write a trained method to a file that predicts anywhere."""
    from strata.pipeline.cli.trained.export import export

    workspace = open_workspace(
        file, settings, store, jobs=jobs, skip_broken=skip_broken, weights=weights
    )
    return export(workspace, method, path)
