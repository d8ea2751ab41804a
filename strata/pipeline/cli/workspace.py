"""Workspace of a command: options of the command line, and the terminal for results."""

import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from strata.pipeline.experiment.file import DEFAULT_FILE, read_experiment
from strata.pipeline.workspace import workspace
from strata.pipeline.workspace.console import Terminal


@dataclass
class Workspace(workspace.Workspace):
    """An experiment file with its store, as a command was given them.

    Attributes:
        options: the options that the command was given, for hints that name another.
    """

    options: tuple[str, ...] = ()

    @classmethod
    def at(
        cls,
        file: Path | None,
        settings: list[str],
        store: Path | None,
        out: Path | None,
        jobs: int | None,
        skip_broken: bool,
        weights: Path | None = None,
    ) -> "Workspace":
        """Read the file and open the store; `weights` is for hints only.

        Raises:
            InputError: see `read_experiment` and `Store.open`.
        """
        return cls.of(
            read_experiment(file or Path(DEFAULT_FILE), settings),
            store=store,
            out=out,
            jobs=jobs,
            skip_broken=skip_broken,
            options=_options(file, settings, store, out, skip_broken, weights),
        )

    def command(self, name: str, *arguments: str) -> str:
        """Text of another command on the same files, with the options that this one was given."""
        words = ["strata", name, *arguments, *self.options]
        return f"`{' '.join(map(shlex.quote, words))}`"

    @cached_property
    def console(self) -> Terminal:
        """Console for results, on stdout."""
        return Terminal()


def _options(
    file: Path | None,
    settings: list[str],
    store: Path | None,
    out: Path | None,
    skip_broken: bool,
    weights: Path | None,
) -> tuple[str, ...]:
    named = {"-f": file, "--store": store, "--out": out, "--weights": weights}
    return (
        *(word for option, path in named.items() if path for word in (option, str(path))),
        *(word for setting in settings for word in ("--set", setting)),
        *(["--skip-broken"] if skip_broken else []),
    )
