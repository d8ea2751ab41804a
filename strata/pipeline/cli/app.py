"""Commands of `strata`; each imports its implementation when it runs, so `--help` stays fast."""

import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from strata import __version__
from strata.pipeline.cli.data_commands import data_app
from strata.pipeline.cli.opening import open_workspace as _workspace
from strata.pipeline.cli.opening import use_weights as _use_weights
from strata.pipeline.cli.options import (
    AlwaysMake,
    Classes,
    DryRun,
    Figures,
    File,
    Frugal,
    Jobs,
    Json,
    KeepGoing,
    KeptFiles,
    ListParameters,
    ListRecipes,
    OlderThan,
    OutDir,
    Overrides,
    SkipBroken,
    StoreDir,
    Targets,
    ToSize,
    Weights,
    Zipped,
    exit_with_errors,
)
from strata.pipeline.cli.terminal.interrupts import handle_interrupts
from strata.pipeline.cli.trained.commands import model_app

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich's help costs 0.1 s of the 0.3 s that --help may take
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How far do classical features go on your labeled images, how far does deep learning "
    "go, and what does each cost?",
)
app.add_typer(data_app, name="data")
app.add_typer(model_app)


@app.command()
@exit_with_errors
def make(
    targets: Targets = None,
    jobs: Jobs = None,
    dry_run: DryRun = False,
    keep_going: KeepGoing = False,
    always: AlwaysMake = False,
    frugal: Frugal = False,
    file: File = None,
    settings: Overrides = None,
    store: StoreDir = None,
    out: OutDir = None,
    skip_broken: SkipBroken = False,
    weights: Weights = None,
) -> int:
    """Bring methods up to date, then write the report."""
    from strata.pipeline.cli.make import make

    workspace = _workspace(file, settings, store, out, jobs, skip_broken, weights)
    return make(
        workspace,
        targets or [],
        dry_run=dry_run,
        keep_going=keep_going,
        always=always,
        frugal=frugal,
    )


@app.command()
@exit_with_errors
def init(
    images: Annotated[
        str,
        typer.Argument(
            help="A folder with one folder of images per class, an archive of it, or its URL."
        ),
    ],
    file: File = None,
) -> int:
    """Write an experiment file for a folder of images."""
    from strata.pipeline.cli.init import init

    return init(images, file or Path("strata.toml"))


@app.command()
@exit_with_errors
def status(
    targets: Targets = None,
    file: File = None,
    settings: Overrides = None,
    store: StoreDir = None,
    skip_broken: SkipBroken = False,
    weights: Weights = None,
    as_json: Json = False,
) -> int:
    """Show which methods are up to date, with the time left."""
    from strata.pipeline.cli.inspect import status

    return status(
        _workspace(file, settings, store, skip_broken=skip_broken, weights=weights),
        targets or [],
        as_json,
    )


@app.command()
@exit_with_errors
def why(
    targets: Targets = None,
    file: File = None,
    settings: Overrides = None,
    store: StoreDir = None,
    skip_broken: SkipBroken = False,
    weights: Weights = None,
) -> int:
    """Explain what is out of date: parameters, images or code."""
    from strata.pipeline.cli.inspect import why

    workspace = _workspace(file, settings, store, skip_broken=skip_broken, weights=weights)
    return why(workspace, targets or [])


@app.command()
@exit_with_errors
def graph(
    targets: Targets = None,
    dot: Annotated[
        bool, typer.Option("--dot", help="Print the graph in Graphviz's DOT language.")
    ] = False,
    file: File = None,
    settings: Overrides = None,
    store: StoreDir = None,
    skip_broken: SkipBroken = False,
    weights: Weights = None,
) -> int:
    """Show the stages of each method and their inputs."""
    from strata.pipeline.cli.graph import graph

    workspace = _workspace(file, settings, store, skip_broken=skip_broken, weights=weights)
    return graph(workspace, targets or [], dot=dot)


@app.command("list")
@exit_with_errors
def list_(
    recipes: ListRecipes = False,
    parameters: ListParameters = False,
    file: File = None,
    settings: Overrides = None,
    as_json: Json = False,
) -> int:
    """List the methods of the experiment file, or all recipes."""
    from strata.pipeline.cli.inspect import list_methods, list_parameters, list_recipes

    if parameters:
        return list_parameters(file)
    if recipes:
        return list_recipes(file, as_json)
    return list_methods(_workspace(file, settings), as_json)


@app.command()
@exit_with_errors
def describe(
    method: Annotated[
        str, typer.Argument(help="A method of the experiment file, or a model file.")
    ],
    classes: Classes = None,
    file: File = None,
    settings: Overrides = None,
    weights: Weights = None,
    as_json: Json = False,
) -> int:
    """Show the stages and layers of a method, or what a model file tells."""
    from strata.pipeline.cli.describe import describe_method
    from strata.pipeline.cli.trained.method_argument import refuse_other_files

    if method.endswith(".strata"):
        from strata.pipeline.cli.trained.describe_file import describe_file

        return describe_file(Path(method), as_json)
    refuse_other_files(method)
    _use_weights(weights)
    return describe_method(method, file, settings or [], classes, as_json)


@app.command()
@exit_with_errors
def clean(
    targets: Targets = None,
    dry_run: DryRun = False,
    file: File = None,
    settings: Overrides = None,
    store: StoreDir = None,
    skip_broken: SkipBroken = False,
    weights: Weights = None,
) -> int:
    """Remove the artifacts that only these methods need."""
    from strata.pipeline.cli.tidy import clean

    workspace = _workspace(file, settings, store, skip_broken=skip_broken, weights=weights)
    return clean(workspace, targets or [], dry_run=dry_run)


@app.command()
@exit_with_errors
def gc(
    older_than: OlderThan = None,
    to_size: ToSize = None,
    files: KeptFiles = None,
    dry_run: DryRun = False,
    store: StoreDir = None,
    weights: Weights = None,
) -> int:
    """Remove artifacts that no experiment file and no report needs."""
    from strata.pipeline.cli.tidy import gc

    _use_weights(weights)
    return gc(files or [], store, older_than=older_than, to_size=to_size, dry_run=dry_run)


@app.command()
@exit_with_errors
def report(
    zipped: Zipped = False,
    figures: Figures = None,
    file: File = None,
    settings: Overrides = None,
    store: StoreDir = None,
    out: OutDir = None,
    skip_broken: SkipBroken = False,
    weights: Weights = None,
) -> int:
    """Write the report of the results in the store."""
    from strata.pipeline.cli.report import report

    workspace = _workspace(file, settings, store, out, skip_broken=skip_broken, weights=weights)
    return report(workspace, zipped=zipped, figures=figures)


@app.command()
@exit_with_errors
def compare(
    before: Annotated[
        Path,
        typer.Argument(
            help="The earlier report: its folder, its results.json, or its name in out/."
        ),
    ] = Path("strata.toml"),
    after: Annotated[
        Path | None,
        typer.Argument(
            help="The later report; without it, BEFORE is compared with the report before it.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Compare two reports, with tests of significance."""
    from strata.pipeline.cli.compare import compare

    return compare(before, after)


def _version(value: bool) -> None:
    if value:
        print(f"strata {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the program `strata`."""
    handle_interrupts()
    for stream in (sys.stdout, sys.stderr):  # escape characters that the terminal's encoding lacks
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="strata")
