"""Commands on trained methods and model files, at the top level of the program."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from strata.pipeline.cli.opening import open_workspace
from strata.pipeline.cli.options import (
    Batch,
    Csv,
    DeviceName,
    File,
    Images,
    Jobs,
    JsonLines,
    MethodOrFile,
    Modules,
    Overrides,
    SkipBroken,
    StoreDir,
    Top,
    Weights,
    exit_with_errors,
)

model_app = typer.Typer(rich_markup_mode=None)


@model_app.command()
@exit_with_errors
def predict(
    method: MethodOrFile,
    images: Images,
    as_json: JsonLines = False,
    as_csv: Csv = False,
    top: Top = None,
    batch: Batch = None,
    device: DeviceName = None,
    modules: Modules = None,
    file: File = None,
    settings: Overrides = None,
    store: StoreDir = None,
    jobs: Jobs = None,
    skip_broken: SkipBroken = False,
    weights: Weights = None,
) -> int:
    """Classify new images with a trained method, or with a model file."""
    from strata.pipeline.cli.trained.predict import (
        Request,
        is_model_file,
        predict_by_file,
        predict_by_method,
    )

    request = Request(images, as_json, as_csv, top, batch, device, jobs)
    if is_model_file(method):
        _refuse_experiment(method, file, settings, store, skip_broken, weights)
        return predict_by_file(method, modules or [], request)
    _refuse(f"the method {method}, which has its recipes' file", {"--modules": modules})
    workspace = open_workspace(
        file, settings, store, jobs=jobs, skip_broken=skip_broken, weights=weights
    )
    return predict_by_method(workspace, method, request)


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
    from strata.pipeline.cli.trained.export import export

    workspace = open_workspace(
        file, settings, store, jobs=jobs, skip_broken=skip_broken, weights=weights
    )
    return export(workspace, method, path, onnx)


@model_app.command()
@exit_with_errors
def explain(
    method: MethodOrFile,
    images: Images,
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
    modules: Modules = None,
    file: File = None,
    settings: Overrides = None,
    store: StoreDir = None,
    jobs: Jobs = None,
    skip_broken: SkipBroken = False,
    weights: Weights = None,
) -> int:
    """Show why a trained method gives images their classes, as maps and a page."""
    from strata.pipeline.cli.trained.explain import Request, explain_by_file, explain_by_method
    from strata.pipeline.cli.trained.predict import is_model_file

    request = Request(images, out, named, top)
    if is_model_file(method):
        _refuse_experiment(method, file, settings, store, skip_broken, weights)
        _refuse(f"the model file {method}, explained in one process", {"--jobs": jobs})
        return explain_by_file(method, modules or [], request)
    _refuse(f"the method {method}, which has its recipes' file", {"--modules": modules})
    workspace = open_workspace(
        file, settings, store, jobs=jobs, skip_broken=skip_broken, weights=weights
    )
    return explain_by_method(workspace, method, request)


def _refuse_experiment(
    model_file: str,
    file: Path | None,
    settings: list[str] | None,
    store: Path | None,
    skip_broken: bool,
    weights: Path | None,
) -> None:
    """Refuse options about an experiment beside a model file, which needs none."""
    given = {
        "--file": file,
        "--set": settings,
        "--store": store,
        "--skip-broken": skip_broken,
        "--weights": weights,
    }
    _refuse(f"the model file {model_file}", given)


def _refuse(subject: str, options: Mapping[str, Any]) -> None:
    """Refuse options that mean nothing beside what predicts: an experiment's for a model file."""
    from strata.errors import InputError

    for option, value in options.items():
        if value:
            raise InputError(f"{option} has no meaning with {subject}.", "Leave it out.")
