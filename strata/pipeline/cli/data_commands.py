"""Commands `strata data audit`, `show` and `scenes`."""

from pathlib import Path
from typing import Annotated

import typer

from strata.pipeline.cli.options import CacheDir, Jobs, Json, exit_with_errors

data_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Audit and count images, or draw the built-in data set.",
)

Images = Annotated[str, typer.Argument(help="A folder of images, an archive, or its URL.")]
SplitFile = Annotated[
    Path | None,
    typer.Option("--split", help="CSV file: columns class, file, and optionally split."),
]
Sha256 = Annotated[
    str | None, typer.Option("--sha256", help="Checksum of the archive; required with a URL.")
]


@data_app.command("audit")
@exit_with_errors
def data_audit(
    images: Images,
    split: SplitFile = None,
    sha256: Sha256 = None,
    folds: Annotated[
        int, typer.Option("--folds", min=2, help="Planned number of cross-validation folds.")
    ] = 8,
    store: CacheDir = None,
    jobs: Jobs = None,
    as_json: Json = False,
) -> int:
    """Find unreadable images, duplicates, label conflicts, leakage and small classes.

    The exit code is 1 if a finding is an error, which makes results wrong or a run impossible.
    """
    from strata.pipeline.cli.data import audit

    return audit(images, split, sha256, folds, store, jobs, as_json)


@data_app.command("show")
@exit_with_errors
def data_show(
    images: Images,
    split: SplitFile = None,
    sha256: Sha256 = None,
    store: CacheDir = None,
    jobs: Jobs = None,
    as_json: Json = False,
) -> int:
    """Count the images of each class and split."""
    from strata.pipeline.cli.data import show

    return show(images, split, sha256, store, jobs, as_json)


@data_app.command("scenes")
@exit_with_errors
def data_scenes(
    folder: Annotated[Path, typer.Argument(help="The folder to create.")],
    per_class: Annotated[
        int, typer.Option("--per-class", min=1, help="Number of images per class.")
    ] = 80,
    size: Annotated[
        int, typer.Option("--size", min=32, max=512, help="Side of the images in pixels.")
    ] = 128,
    seed: Annotated[int, typer.Option("--seed", help="Random seed of the pictures.")] = 0,
    jobs: Jobs = None,
) -> int:
    """Draw the built-in data set into a folder."""
    from strata.pipeline.cli.data import scenes

    return scenes(folder, per_class, size, seed, jobs)
