"""Opening of the workspace that a command works in, with its weights."""

import os
from pathlib import Path
from typing import Any


def use_weights(weights: Path | None) -> None:
    """Set the path of the ImageNet weights for this process and its workers, which inherit it."""
    if weights is not None:
        from strata.errors import InputError
        from strata.files import expand_user
        from strata.models.transfer.weights import ENVIRONMENT

        path = expand_user(weights).absolute()
        if not path.exists():
            raise InputError(
                f"There is no file or folder of weights {weights}.",
                "Give an existing path with --weights, or leave it out to download weights.",
            )
        os.environ[ENVIRONMENT] = str(path)


def open_workspace(
    file: Path | None,
    settings: list[str] | None = None,
    store: Path | None = None,
    out: Path | None = None,
    jobs: int | None = None,
    skip_broken: bool = False,
    weights: Path | None = None,
) -> Any:
    """Workspace of a command; its module is imported when a command runs."""
    from strata.pipeline.cli.workspace import Workspace

    use_weights(weights)
    return Workspace.at(file, settings or [], store, out, jobs, skip_broken, weights)
