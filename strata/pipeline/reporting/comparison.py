"""From the store to what a report is made of."""

import os
import platform
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.errors import StrataError
from strata.pipeline.execution.executor import Outcome
from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.experiment.file import Experiment
from strata.pipeline.experiment.random_search import with_values
from strata.pipeline.graph.provenance import versions
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.reporting.audit_findings import audited
from strata.pipeline.reporting.costs import Records, cost, prediction_path, stage_rows
from strata.pipeline.reporting.method_kind import family
from strata.pipeline.reporting.search_results import searched
from strata.pipeline.store.store import Store
from strata.pipeline.visualize.visualize import exhibits

if TYPE_CHECKING:
    from strata.reports.model.results import Comparison, DataSummary, Method, RunInfo
    from strata.reports.model.scores import Scores

#: How many images of a class the data section shows.
SAMPLES = 6


def comparison(
    experiment: Experiment,
    dataset: Dataset,
    targets: list[Target],
    store: Store,
    *,
    outcome: Outcome | None = None,
    command: str = "",
    seconds: float | None = None,
) -> "Comparison":
    """Everything that the report shows, of what is in the store.

    Methods whose predictions are missing are there with the error that stopped them.
    """
    from strata.reports.model.results import Comparison

    outcome = outcome or Outcome()
    records = Records(store)
    return Comparison(
        name=experiment.name,
        title=experiment.title or experiment.name,
        data=data_summary(experiment, dataset, store),
        methods=[_method(target, dataset, records, outcome) for target in targets],
        run=_run(experiment, command, seconds),
    )


def _method(target: Target, dataset: Dataset, records: Records, outcome: Outcome) -> "Method":
    from strata.reports.model.results import Method

    common: dict[str, Any] = {
        "name": target.name,
        "recipe": target.recipe.name,
        "parameters": _parameters(target),
        "stages": stage_rows(target, records, set(outcome.made)),
        "variant_of": target.method.variant_of,
        "varied": target.method.varied,
        "family": family(target),
        "paper": target.method.paper,
    }
    if records.store.state(target.node.key) != "present":
        return Method(**common, error=_error_of(target, outcome))
    made = records.store.read(target.node.key)
    fitted = _fitted(target, records)
    learned = _one_each(fitted, "training_accuracy")
    cv, test = _scores(made, lambda fold: fold >= 0), _scores(made, lambda fold: fold < 0)
    shown, troubles = exhibits(target, dataset, records.store, cv or test)
    return Method(
        **common,
        cv=cv,
        test=test,
        exhibits=shown,
        findings=[*troubles, *_unfinished(fitted)],
        cost=cost(target, records),
        histories=_one_each(fitted, "history"),
        rate_searches=_one_each(fitted, "rate_search"),
        search=searched(target, records.store),
        training_accuracy=sum(learned) / len(learned) if learned else None,
    )


def _parameters(target: Target) -> dict[str, Any]:
    """As in the file, defaults filled in; what is searched for has no one value."""
    search = target.method.search
    return with_values(target.parameters, dict.fromkeys(search.space if search else (), "searched"))


def _fitted(target: Target, records: Records) -> list[list[Any]]:
    """What was fitted to predict with, for each fold of cross-validation (or the final one)."""
    folds = [part for part in target.folds if part[0].number >= 0] or target.folds
    return [
        [records.store.read(n.key) for n in prediction_path(scores)[1] if records.of(n)]
        for _, scores in folds
    ]


def _one_each(fitted: list[list[Any]], name: str) -> list[Any]:
    """A value of every fold; none where a fold has several, which say nothing of the whole."""
    found = [[artifact[name] for artifact in fold if name in artifact] for fold in fitted]
    if any(len(values) > 1 for values in found):
        return []
    return [value for values in found for value in values]


def _unfinished(fitted: list[list[Any]]) -> list[dict[str, Any]]:
    """A finding about machines whose solver was stopped before it had converged."""
    stopped = sum(any(a.get("converged") is False for a in fold) for fold in fitted)
    if not stopped:
        return []
    return [
        {
            "code": "L02",
            "severity": "issue",
            "title": "End of the solver",
            "sentence": f"Stopped before it had converged in {stopped} of {len(fitted)} folds.",
            "why": "A machine that was stopped half-way may be far from the best one.",
            "remedy": "Scale the vectors to unit length or unit variance, or lower classifier.C.",
        }
    ]


def _scores(made: Any, belongs: Any) -> "Scores | None":
    import numpy as np

    from strata.reports.model.scores import Scores

    rows = np.flatnonzero(belongs(made["fold"]))
    if not len(rows):
        return None
    probabilities = made["probabilities"][rows]
    return Scores(
        ids=[str(name) for name in made["ids"][rows]],
        labels=made["labels"][rows],
        repeat=np.maximum(made["repeat"][rows], 0),
        fold=np.maximum(made["fold"][rows], 0),
        scores=made["scores"][rows],
        probabilities=None if np.isnan(probabilities).any() else probabilities,
    )


def _error_of(target: Target, outcome: Outcome) -> str:
    """Why a target is missing: the error of the first node that failed on the way to it."""
    for node in topological_order([target.node]):
        if node.key in outcome.errors:
            error: StrataError = outcome.errors[node.key]
            return str(error)
    return "Not made in this run."


def data_summary(experiment: Experiment, dataset: Dataset, store: Store) -> "DataSummary":
    """Counts, samples and the audit's findings."""
    from strata.reports.model.results import DataSummary

    manifest = dataset.manifest
    counts: dict[str, dict[str, int]] = {c: {"train": 0, "test": 0} for c in dataset.classes}
    samples: dict[str, list[str]] = {c: [] for c in dataset.classes}
    for record, test in zip(manifest.records, dataset.assignment.test, strict=True):
        counts[record.label]["test" if test else "train"] += 1
        if not test and len(samples[record.label]) < SAMPLES:
            samples[record.label].append(record.id)
    return DataSummary(
        name=Path(experiment.data["source"].rstrip("/")).name,
        root_hint=Path(manifest.root).name,
        classes=list(dataset.classes),
        counts=counts,
        sample_ids=samples,
        findings=audited(manifest, experiment.protocol["folds"], store),
        sizes=_sizes(dataset),
        digest=manifest.digest,
    )


def _sizes(dataset: Dataset) -> str:
    sizes = Counter((r.width, r.height) for r in dataset.manifest.records)
    (width, height), count = sizes.most_common(1)[0]
    if len(sizes) == 1:
        return f"all {width} x {height}"
    widths, heights = zip(*sizes, strict=True)
    return (
        f"{len(sizes)} sizes, {min(widths)} to {max(widths)} pixels wide and {min(heights)} to "
        f"{max(heights)} high; {width} x {height} the most common ({count})"
    )


def _run(experiment: Experiment, command: str, seconds: float | None) -> "RunInfo":
    from strata import __version__
    from strata.reports.model.results import RunInfo

    started = datetime.now().astimezone() - timedelta(seconds=seconds or 0)
    return RunInfo(
        command=command,
        file=experiment.path.name,
        file_text=experiment.text,
        seed=experiment.protocol["seed"],
        folds=experiment.protocol["folds"],
        repeats=experiment.protocol["repeats"],
        versions={"strata": __version__, **versions()},
        machine=_machine(),
        started=started.isoformat(timespec="seconds"),
        seconds=seconds,
    )


def _machine() -> dict[str, str]:
    found = {"system": f"{platform.system()} {platform.machine()}", "cores": str(os.cpu_count())}
    try:
        text = Path("/proc/cpuinfo").read_text()
        found["processor"] = text.partition("model name")[2].partition("\n")[0].strip("\t :")
        memory = Path("/proc/meminfo").read_text().split()[1]
        found["memory"] = f"{int(memory) / 2**20:.0f} GiB"
    except (OSError, IndexError, ValueError):
        pass
    return {name: value for name, value in found.items() if value}
