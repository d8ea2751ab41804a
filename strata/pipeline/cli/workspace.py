"""What most commands begin with: an experiment file, its store, its data and its targets."""

import dataclasses
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from strata.pipeline.execution.plan import Plan, topological_order
from strata.pipeline.experiment.compose import Target, check_names, chosen, compose
from strata.pipeline.experiment.dataset import Dataset, open_dataset
from strata.pipeline.experiment.file import DEFAULT_FILE, Experiment, read_experiment
from strata.pipeline.experiment.resolve import resolve
from strata.pipeline.graph.code_digest import keep_parsed, save_parsed
from strata.pipeline.store.store import Store

if TYPE_CHECKING:
    from rich.console import Console


@dataclass
class Workspace:
    """An experiment file with its places.

    Attributes:
        out: where this experiment's report goes.
        jobs: processes at once.
    """

    experiment: Experiment
    store: Store
    out: Path
    jobs: int

    @classmethod
    def at(
        cls,
        file: Path | None,
        settings: list[str],
        store: Path | None,
        out: Path | None,
        jobs: int | None,
        skip_broken: bool,
    ) -> "Workspace":
        """Read the file and open the store.

        Raises:
            InputError: see `read_experiment` and `Store.open`.
        """
        experiment = read_experiment(file or Path(DEFAULT_FILE), settings)
        if skip_broken:
            experiment = dataclasses.replace(
                experiment, data={**experiment.data, "skip_broken": True}
            )
        place = Store(store or experiment.folder / ".strata").open()
        keep_parsed(place.root / "code.json")
        return cls(
            experiment,
            place,
            (out or experiment.folder / "out") / experiment.name,
            jobs or cores(),
        )

    @cached_property
    def console(self) -> "Console":
        """For results."""
        from rich.console import Console

        return Console(soft_wrap=True)

    @cached_property
    def progress_console(self) -> "Console":
        """For how far it is: not part of the output."""
        from rich.console import Console

        return Console(stderr=True, soft_wrap=True)

    @cached_property
    def dataset(self) -> Dataset:
        """The data, read and split."""
        from strata.pipeline.cli.steps import StepProgress

        with StepProgress(self.progress_console) as steps:
            return open_dataset(self.experiment, self.store, jobs=self.jobs, progress=steps.update)

    @cached_property
    def targets(self) -> list[Target]:
        """All methods, composed; what is wrong with them is said before images are read."""
        methods = resolve(self.experiment)
        composed = compose(methods, self.dataset, self.store)
        save_parsed()
        return composed

    @property
    def searches(self) -> bool:
        """Whether what is composed hangs on what was made."""
        return any(method.search for method in self.experiment.methods)

    def compose_again(self) -> None:
        """With what searches have picked meanwhile."""
        self.__dict__.pop("targets", None)

    def chosen(self, names: list[str]) -> list[Target]:
        """The targets named, all of them without names; a wrong one is said before images are read.

        Raises:
            InputError: a name that no target has.
        """
        check_names(self.experiment.methods, names)
        return chosen(self.targets, names)

    def plan(self, names: list[str], *, always: bool = False) -> tuple[list[Target], Plan]:
        """The targets named, and what is to be made for them."""
        wanted = self.chosen(names)
        nodes = [node for t in wanted for node in (*t.open, t.node)]
        return wanted, Plan.of(nodes, self.store, always=always)

    def needed(self) -> set[str]:
        """Keys of all artifacts that the targets rest on."""
        nodes = topological_order([target.node for target in self.targets])
        return {node.key for node in nodes} | {self.dataset.assignment.key}


def cores() -> int:
    """How many processes can run at once."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1
