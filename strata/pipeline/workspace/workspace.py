"""Workspace of a run: an experiment with its store, data set and targets."""

import dataclasses
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from strata.pipeline.code.code_digest import keep_parsed, save_parsed
from strata.pipeline.data.changes import snapshot_of
from strata.pipeline.execution.plan import Plan
from strata.pipeline.experiment.compose import Target, check_names, chosen, compose
from strata.pipeline.experiment.dataset import Dataset, open_dataset
from strata.pipeline.experiment.file import DEFAULT_FILE, Experiment
from strata.pipeline.experiment.resolve import resolve
from strata.pipeline.experiment.toml_text import parse
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.store.run_notes import RunNote, read_note, write_note
from strata.pipeline.store.store import Store

if TYPE_CHECKING:
    from strata.pipeline.workspace.console import Terminal
    from strata.pipeline.workspace.step_progress import StepProgress


@dataclass
class Workspace:
    """An experiment, its store and its output folder.

    Attributes:
        experiment: the experiment, read and checked.
        store: the artifact store, opened.
        out: folder of this experiment's report.
        jobs: number of worker processes.
        note: on the earlier runs of the experiment file.
        altered: whether the experiment is another than its file has: settings take the place of
            some in it, or there is no file.
        quiet: whether no progress is shown.
    """

    experiment: Experiment
    store: Store
    out: Path
    jobs: int
    note: RunNote
    altered: bool
    quiet: bool = False

    @classmethod
    def of(
        cls,
        experiment: Experiment,
        *,
        store: Path | None = None,
        out: Path | None = None,
        jobs: int | None = None,
        skip_broken: bool = False,
        **more: object,
    ) -> Self:
        """Open the store of an experiment.

        Args:
            experiment: the experiment.
            store: folder of the store, by default .strata beside the experiment's file.
            out: folder of the reports, by default out/ beside it.
            jobs: number of worker processes, by default one for each core.
            skip_broken: leave out images that cannot be read.
            more: further attributes.

        Raises:
            InputError: see `Store.open`.
        """
        if skip_broken:
            experiment = dataclasses.replace(
                experiment, data={**experiment.data, "skip_broken": True}
            )
        place = Store(store or experiment.folder / ".strata").open()
        keep_parsed(place.root / "code.json")
        note = read_note(place, experiment.path) or RunNote()
        if note.name and not _is_named(experiment):  # the folder was renamed
            experiment = dataclasses.replace(experiment, name=note.name)
        attributes = {
            "experiment": experiment,
            "store": place,
            "out": (out or experiment.folder / "out") / experiment.name,
            "jobs": jobs or cores(),
            "note": note,
            "altered": bool(experiment.settings),
        }
        return cls(**attributes | more)  # type: ignore[arg-type]

    @cached_property
    def progress_console(self) -> "Terminal":
        """Console for progress, on stderr."""
        from strata.pipeline.workspace.console import Terminal

        return Terminal(stderr=True, quiet=self.quiet)

    @cached_property
    def steps(self) -> "StepProgress":
        """Progress of steps that are no stages, on stderr."""
        from strata.pipeline.workspace.step_progress import StepProgress

        return StepProgress(self.progress_console)

    @cached_property
    def dataset(self) -> Dataset:
        """The data set, read and split."""
        with self.steps as steps:
            return open_dataset(self.experiment, self.store, jobs=self.jobs, progress=steps.update)

    @cached_property
    def targets(self) -> list[Target]:
        """All methods, composed to graphs; their errors are raised before images are read."""
        methods = resolve(self.experiment)
        dataset = self.dataset
        with self.steps:  # of the folders of images that methods name
            composed = compose(methods, dataset, self.store)
        save_parsed()
        return composed

    @property
    def searches(self) -> bool:
        """True if a method has a search: its graph then depends on the results so far."""
        return any(method.search for method in self.experiment.methods)

    def compose_again(self) -> None:
        """Compose the targets anew, with the trials that searches have selected meanwhile."""
        self.__dict__.pop("targets", None)

    def chosen(self, names: list[str]) -> list[Target]:
        """Return the named targets, or all; unknown names are refused before images are read.

        Raises:
            InputError: there is no target of that name.
        """
        check_names(self.experiment.methods, names)
        return chosen(self.targets, names)

    def plan(self, names: list[str], *, always: bool = False) -> tuple[list[Target], Plan]:
        """Return the named targets and the plan of the artifacts to make for them."""
        wanted = self.chosen(names)
        nodes = [node for t in wanted for node in (*t.pending_searches, t.node)]
        return wanted, Plan.of(nodes, self.store, always=always)

    def needed(self) -> set[str]:
        """Return the keys of all artifacts of the targets and their report."""
        from strata.pipeline.reporting.audit_findings import derived_audit
        from strata.pipeline.reporting.pretrained_networks import (
            derived_provenance,
            used_networks,
        )
        from strata.pipeline.visualize.visualize import derived_visualizations

        classes = self.dataset.classes
        nodes = topological_order([target.node for target in self.targets])
        scores = [target.folds[-1][1] for target in self.targets]
        used = [found for node in scores if (found := used_networks(topological_order([node])))]
        return {
            *(node.key for node in nodes),
            *(derived_visualizations(target).key for target in self.targets),
            *(derived_provenance(networks, classes).key for networks in used),
            derived_audit(self.dataset.manifest, self.experiment).key,
            self.dataset.assignment.key,
            *self.dataset.further.keys,
        }

    def note_needed(self) -> None:
        """Note what the experiment file needs, for `gc`, before anything of it is made."""
        if not self.altered:
            self.note.name = "" if _is_named(self.experiment) else self.experiment.name
            self.note.needed = sorted(self.needed())
            self._save_note()

    def note_made(self) -> None:
        """Note, for `why`, the images and artifacts of the methods that are up to date."""
        if self.altered:
            return
        manifest = self.dataset.manifest
        images = snapshot_of(manifest)
        for target in self.targets:
            nodes = topological_order([target.node])
            if self.store.state(target.node.key) == "present":
                self.note.record(target.name, manifest.digest, images, (n.key for n in nodes))
        self.note.needed = sorted(self.needed())
        self._save_note()

    def _save_note(self) -> None:
        with suppress(OSError):  # a read-only store
            write_note(self.store, self.experiment.path, self.note)


def _is_named(experiment: Experiment) -> bool:
    """True if the experiment's name is set, and not that of its folder."""
    in_file = experiment.path.name != DEFAULT_FILE or "name" in parse(experiment.text)
    return in_file or any(s.partition("=")[0].strip() == "name" for s in experiment.settings)


def cores() -> int:
    """Return the number of CPU cores available to this process."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1
