"""Options that several commands share, and how a command ends."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from strata.errors import StrataError

File = Annotated[
    Path | None,
    typer.Option(
        "-f", "--file", metavar="FILE", help="The experiment file.", show_default="strata.toml"
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set fisher.mixture.components=128, say."),
]
StoreDir = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="DIR",
        help="Where artifacts are kept.",
        show_default=".strata beside FILE",
    ),
]
Remembered = Annotated[
    Path | None,
    typer.Option("--store", metavar="DIR", help="Remember there what was read.", show_default="no"),
]
OutDir = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Where reports go.", show_default="out beside FILE"),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "-j", "--jobs", min=1, metavar="N", help="Processes at once.", show_default="all cores"
    ),
]
SkipBroken = Annotated[
    bool, typer.Option("--skip-broken", help="Leave out images that cannot be read.")
]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights", metavar="FILE", help="Weights of networks from ImageNet: a file or folder."
    ),
]
Targets = Annotated[
    list[str] | None, typer.Argument(metavar="[TARGET]...", help="Methods; all without any.")
]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
DryRun = Annotated[
    bool, typer.Option("-n", "--dry-run", help="Say what would be done, do nothing.")
]


def shown(command: Callable[..., int | None]) -> Callable[..., None]:
    """Errors for the user go to stderr without a traceback; the exit code says what happened.

    0 done, 1 a stage failed, 2 bad usage or bad input, 130 interrupted.
    """

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            code = command(*args, **kwargs)
        except StrataError as error:
            print(f"strata: {error}", file=sys.stderr)
            code = error.exit_code
        except BrokenPipeError:  # the reader of our output has gone, as with `| head`
            sys.stderr.close()
            code = 0
        except OSError as error:
            from strata.pipeline.store import explained

            print(f"strata: {explained(error)}", file=sys.stderr)
            code = 2
        except KeyboardInterrupt:
            print("strata: interrupted; what is finished is kept.", file=sys.stderr)
            code = 130
        raise typer.Exit(code or 0)

    return run
