"""The runs behind docs/results.md, as runs.toml lists them, and their commands."""

import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from strata.errors import InputError, nearest
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.parameters.validation import Parameters

EXPERIMENTS = Path(__file__).resolve().parents[1]
RUNS = Path(__file__).with_name("runs.toml")


def run_table(
    *,
    file: str = "",
    methods: list[str] | None = None,
    set: list[str] | None = None,
    gpu: bool = False,
    hours: float = 0.0,
) -> None:
    """Keys of one table of runs.toml.

    Args:
        file: experiment file, or a script, below `experiments/`.
        methods: methods of the file that are made; all by default.
        set: "KEY=VALUE" in place of what the file says, as for `strata make --set`.
        gpu: made only if it is named: it would take days without a GPU.
        hours: that it takes, roughly; 0 for no estimate.
    """


@dataclass(frozen=True)
class Place:
    """Folders of all runs: the images, and one for store, reports and records.

    Attributes:
        images: what experiment files get as `data.source`.
        root: holds `store`, `out` and `history.json`.
        jobs: processes at once; None for one per core.
        digest: of the images; "" if they have not been read.
    """

    images: str
    root: Path
    jobs: int | None = None
    digest: str = ""

    @property
    def store(self) -> Path:
        """The artifact store, one for all runs."""
        return self.root / "store"

    @property
    def out(self) -> Path:
        """Folder of the reports."""
        return self.root / "out"

    def results(self, run: "Run") -> Path:
        """File of a run's numbers."""
        return self.out / run.name / "results.json"


@dataclass(frozen=True)
class Run:
    """One run: an experiment file, some of its methods, some settings.

    Attributes:
        name: also that of the report's folder.
        path: the experiment file, or a script that takes `DIR --json FILE`.
        methods: the methods to make; all without any.
        settings: "KEY=VALUE" in place of what the file says.
        gpu: made only if it is named.
        hours: that it takes on two cores, roughly; 0 for no estimate.
    """

    name: str
    path: Path
    methods: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    gpu: bool = False
    hours: float = 0.0

    @property
    def is_script(self) -> bool:
        """True for a script, which has no store."""
        return self.path.suffix == ".py"

    @cached_property
    def variants(self) -> dict[str, list[str]]:
        """Names of the file's methods, each with those of its variants in the file's order."""
        found: dict[str, list[str]] = {}
        for method in read_experiment(self.path, list(self.settings)).methods:
            found.setdefault(method.variant_of or method.name, []).append(method.name)
        return found

    def all_settings(self, place: Place) -> list[str]:
        """Settings with those of the place; the name keeps runs of one file apart."""
        return [f"data.source={place.images}", f"name={self.name}", *self.settings]

    def command(self, place: Place, *options: str) -> list[str]:
        """Command that makes the run, or goes on with it."""
        if self.is_script:
            return [
                sys.executable,
                str(self.path),
                place.images,
                "--json",
                str(place.results(self)),
            ]
        jobs = [] if place.jobs is None else ["-j", str(place.jobs)]
        settings = [word for s in self.all_settings(place) for word in ("--set", s)]
        places = ["--store", str(place.store), "--out", str(place.out)]
        make = [sys.executable, "-m", "strata", "make", *self.methods, "-f", str(self.path), "-k"]
        return [*make, *jobs, *settings, *places, *options]

    def in_words(self) -> str:
        """The command as a reader would type it, without images, store and reports."""
        inside = self.path.is_relative_to(EXPERIMENTS)
        name = self.path.relative_to(EXPERIMENTS.parent) if inside else self.path.name
        if self.is_script:
            return f"python {name} DIR"
        settings = [word for s in self.settings for word in ("--set", s)]
        return " ".join(["strata make", *self.methods, "-f", str(name), *settings])


def read_runs(path: Path = RUNS) -> dict[str, Run]:
    """Read the list of runs, in the order in which they are made.

    Raises:
        InputError: a key is unknown, or an experiment file is not there.
    """
    runs = {}
    for name, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
        checked = Parameters.of(run_table).checked(table, f"{path.name}: {name}")
        file = path.parents[1] / checked["file"]
        if not file.is_file():
            raise InputError(
                f"{path.name}: {name}: there is no file {file}.",
                "`file` names an experiment file or a script below experiments/.",
            )
        methods, settings = tuple(checked["methods"] or ()), tuple(checked["set"] or ())
        runs[name] = Run(name, file, methods, settings, checked["gpu"], checked["hours"])
    return runs


def chosen(runs: dict[str, Run], only: Iterable[str]) -> list[Run]:
    """Return the named runs in the list's order; without names, all that need no GPU.

    Raises:
        InputError: there is no run of that name.
    """
    only = list(only)
    for name in only:
        if name not in runs:
            raise InputError(f"There is no run '{name}'.", nearest(name, runs))
    return [run for run in runs.values() if (run.name in only if only else not run.gpu)]
