"""Options of commands, and the conversion of errors to exit codes."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from strata.errors import StrataError
from strata.text import printable

File = Annotated[
    Path | None,
    typer.Option(
        "-f", "--file", metavar="FILE", help="The experiment file.", show_default="strata.toml"
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a value of FILE: fisher.mixture.n_components=128.",
    ),
]
KeepGoing = Annotated[
    bool,
    typer.Option(
        "-k",
        "--keep-going",
        help="After a failure, go on with everything that does not need it.",
    ),
]
AlwaysMake = Annotated[
    bool,
    typer.Option("-B", "--always-make", help="Make all artifacts again, even if up to date."),
]
Frugal = Annotated[
    bool,
    typer.Option(
        "--frugal",
        help="Remove descriptors and vectors of this run once no stage of it reads them again.",
    ),
]
OlderThan = Annotated[
    str | None,
    typer.Option(
        "--older-than",
        metavar="AGE",
        help="Remove only artifacts older than this: 12h, 30d, 2w.",
    ),
]
ToSize = Annotated[
    str | None,
    typer.Option(
        "--to-size",
        metavar="SIZE",
        help="Remove only until the store is no larger than this: 20GB.",
    ),
]
ListParameters = Annotated[
    bool,
    typer.Option(
        "--parameters",
        help="Print the reference of all recipes and stages, with the allowed values, defaults "
        "and meanings of their parameters, as Markdown.",
    ),
]
ListRecipes = Annotated[
    bool,
    typer.Option(
        "--recipes",
        help="List all recipes with their parameters and defaults, as TOML to paste.",
    ),
]
StoreDir = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="DIR",
        help="Folder of the artifact store.",
        show_default=".strata beside FILE",
    ),
]
CacheDir = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="DIR",
        help="Cache the digests of the images in this store.",
        show_default="no",
    ),
]
OutDir = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="DIR", help="Folder of the reports.", show_default="out beside FILE"
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "-j",
        "--jobs",
        min=1,
        metavar="N",
        help="Number of worker processes.",
        show_default="all cores",
    ),
]
SkipBroken = Annotated[
    bool, typer.Option("--skip-broken", help="Leave out images that cannot be read.")
]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        metavar="FILE",
        help="Pretrained ImageNet weights: a file or a folder of files.",
    ),
]
Targets = Annotated[
    list[str] | None, typer.Argument(metavar="[TARGET]...", help="Names of methods; default: all.")
]
KeptFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "-f",
        "--file",
        metavar="FILE",
        help="Keep the artifacts that this experiment file needs; repeatable.",
        show_default="all experiment files beside the store",
    ),
]
Classes = Annotated[
    int | None,
    typer.Option(
        "--classes",
        min=2,
        metavar="N",
        help="Number of classes.",
        show_default="as many as the images have",
    ),
]
Zipped = Annotated[
    bool, typer.Option("--zip", help="Also write report.zip, with every picture in full size.")
]
Figures = Annotated[
    Path | None,
    typer.Option(
        "--figures",
        metavar="DIR",
        help="Also write each figure as SVG and PDF into this folder.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JsonLines = Annotated[bool, typer.Option("--json", help="Print a JSON object per line and image.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
Top = Annotated[
    int | None,
    typer.Option(
        "--top",
        min=1,
        metavar="N",
        help="Number of classes to print for each image, the best ones.",
        show_default="2, with --csv and --json all",
    ),
]
MethodOrFile = Annotated[
    str,
    typer.Argument(metavar="METHOD_OR_FILE", help="A method that is up to date, or a model file."),
]
Images = Annotated[
    list[str],
    typer.Argument(
        metavar="IMAGES...",
        help="Images, folders of images, quoted patterns ('photos/**/*.jpg'), or - for paths on "
        "standard input.",
    ),
]
Modules = Annotated[
    list[Path] | None,
    typer.Option(
        "--modules",
        metavar="FILE",
        help="A file of recipes whose stages a model file needs; it runs. Repeatable.",
    ),
]
Batch = Annotated[
    int | None,
    typer.Option(
        "--batch",
        min=1,
        metavar="N",
        help="Images that are classified together; at most 64 megapixels at once.",
        show_default="32",
    ),
]
DeviceName = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="NAME",
        help="Compute device of the networks in the method: auto, cpu, cuda or mps.",
        show_default="as the method says",
    ),
]
DryRun = Annotated[
    bool, typer.Option("-n", "--dry-run", help="Print what would be done, without doing it.")
]


def exit_with_errors(command: Callable[..., int | None]) -> Callable[..., None]:
    """Wrap a command: print errors to stderr without a traceback and set the exit code.

    Exit codes: 0 done, 1 a stage failed, 2 wrong usage or input, 130 interrupted.
    """

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            code = command(*args, **kwargs)
        except StrataError as error:
            print(f"strata: {printable(str(error))}", file=sys.stderr)
            code = error.exit_code
        except BrokenPipeError:  # the reader of stdout has closed it, as with `| head`
            sys.stderr.close()
            code = 0
        except OSError as error:
            from strata.pipeline.store.errors import storage_error

            print(f"strata: {printable(str(storage_error(error)))}", file=sys.stderr)
            code = 2
        except KeyboardInterrupt:
            print("strata: interrupted; what is finished is kept.", file=sys.stderr)
            code = 130
        raise typer.Exit(code or 0)

    return run
