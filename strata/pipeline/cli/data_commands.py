"""`strata data`: looking at images before they are used."""

from pathlib import Path
from typing import Annotated

import typer

from strata.pipeline.cli.options import CacheDir, Jobs, Json, exit_with_errors

data_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Look at images before using them."
)


@data_app.command("audit")
@exit_with_errors
def data_audit(
    images: Annotated[str, typer.Argument(help="A folder, archive or URL.")],
    split: Annotated[
        Path | None, typer.Option("--split", help="A CSV with the columns class,file,split.")
    ] = None,
    sha256: Annotated[
        str | None, typer.Option("--sha256", help="Checksum of the archive; needed with a URL.")
    ] = None,
    folds: Annotated[
        int, typer.Option("--folds", min=2, help="Folds that the images are meant for.")
    ] = 8,
    store: CacheDir = None,
    jobs: Jobs = None,
    as_json: Json = False,
) -> int:
    """Find broken images, copies, contradicting labels, thin classes.

    The exit code is 1 if something spoils results.
    """
    from strata.pipeline.cli.data import audit

    return audit(images, split, sha256, folds, store, jobs, as_json)


@data_app.command("show")
@exit_with_errors
def data_show(
    images: Annotated[str, typer.Argument(help="A folder, archive or URL.")],
    split: Annotated[
        Path | None, typer.Option("--split", help="A CSV with the columns class,file,split.")
    ] = None,
    sha256: Annotated[
        str | None, typer.Option("--sha256", help="Checksum of the archive; needed with a URL.")
    ] = None,
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
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    per_class: Annotated[int, typer.Option("--per-class", min=1, help="Images per class.")] = 80,
    size: Annotated[int, typer.Option("--size", min=32, max=512, help="Side in pixels.")] = 128,
    seed: Annotated[int, typer.Option("--seed", help="Another seed draws other pictures.")] = 0,
    jobs: Jobs = None,
) -> int:
    """Draw the built-in data set into a folder."""
    from strata.pipeline.cli.data import scenes

    return scenes(folder, per_class, size, seed, jobs)
