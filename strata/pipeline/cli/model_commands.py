"""Commands about trained methods, at the top level of the program."""

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
        Path, typer.Argument(metavar="FILE", help="The file to be written, .strata or .onnx.")
    ],
    onnx: Annotated[
        bool,
        typer.Option(
            "--onnx", help="Write an ONNX file: a network, or the classifier of fixed vectors."
        ),
    ] = False,
    file: File = None,
    settings: Overrides = None,
    store: StoreDir = None,
    jobs: Jobs = None,
    skip_broken: SkipBroken = False,
    weights: Weights = None,
) -> int:
    """Write a trained method to a file that predicts anywhere."""
    from strata.pipeline.cli.export import export

    workspace = open_workspace(
        file, settings, store, jobs=jobs, skip_broken=skip_broken, weights=weights
    )
    return export(workspace, method, path, onnx)


@model_app.command()
@exit_with_errors
def explain(
    method: Annotated[
        str,
        typer.Argument(
            metavar="METHOD_OR_FILE", help="A method that is up to date, or a model file."
        ),
    ],
    images: Annotated[
        list[str],
        typer.Argument(help="Images, folders of images, or quoted patterns ('photos/**/*.jpg')."),
    ],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="DIR", help="Folder for the pictures and the page."),
    ] = Path("explanations"),
    named: Annotated[
        str | None,
        typer.Option(
            "--class", metavar="NAME", help="Explain this class, besides the predicted one."
        ),
    ] = None,
    top: Annotated[
        int, typer.Option("--top", min=1, metavar="N", help="Number of best classes to explain.")
    ] = 2,
    file: File = None,
    settings: Overrides = None,
    store: StoreDir = None,
    jobs: Jobs = None,
    skip_broken: SkipBroken = False,
    weights: Weights = None,
) -> int:
    """Show why a trained method gives images their classes, as maps and a page."""
    from strata.pipeline.cli.explain import Request, explain_by_file, explain_by_method

    request = Request(images, out, named, top)
    if method.endswith(".strata"):
        return explain_by_file(method, request)
    workspace = open_workspace(
        file, settings, store, jobs=jobs, skip_broken=skip_broken, weights=weights
    )
    return explain_by_method(workspace, method, request)
