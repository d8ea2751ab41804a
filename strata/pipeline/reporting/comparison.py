"""Input of a report, assembled from the store: methods, data summary, run."""

import os
import platform
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from strata.errors import StrataError
from strata.pipeline.execution.executor import RunOutcome
from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.experiment.file import Experiment
from strata.pipeline.experiment.random_search import with_values
from strata.pipeline.graph.prediction_path import prediction_path
from strata.pipeline.graph.provenance import versions
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.reporting.audit_findings import audit_findings
from strata.pipeline.reporting.costs import Records, cost, repeat_seconds, stage_rows
from strata.pipeline.reporting.learned_parts import learned_parts
from strata.pipeline.reporting.method_kind import method_kind
from strata.pipeline.reporting.network_facts import network_facts, one_per_fold
from strata.pipeline.reporting.pretrained_networks import pretrained_networks
from strata.pipeline.reporting.search_results import search_result
from strata.pipeline.store.store import Store
from strata.text import utf8

if TYPE_CHECKING:
    from strata.reports.model.results import Comparison, DataSummary, MethodResult, RunInfo
    from strata.reports.model.scores import Scores

#: Sample images per class in the data section.
SAMPLES = 6


def comparison(
    experiment: Experiment,
    dataset: Dataset,
    targets: list[Target],
    store: Store,
    *,
    outcome: RunOutcome | None = None,
    command: str = "",
    seconds: float | None = None,
) -> "Comparison":
    """Comparison of the targets, as far as their artifacts are in the store, without pictures.

    `with_pictures` draws these. Methods whose predictions are missing are listed with the error
    that stopped them.

    Args:
        outcome: of the run before the report: artifacts made and errors.
        command: as typed.
        seconds: wall time of the run, if there was one.
    """
    from strata.reports.model.results import Comparison

    outcome = outcome or RunOutcome()
    records = Records(store)
    methods = [_method(target, dataset, records, outcome) for target in targets]
    return Comparison(
        name=experiment.name,
        title=experiment.title or experiment.name,
        data=data_summary(experiment, dataset, store),
        methods=methods,
        run=_run(experiment, command, seconds, repeat_seconds(targets, records)),
        intervals=experiment.report["intervals"],
    )


def _method(
    target: Target, dataset: Dataset, records: Records, outcome: RunOutcome
) -> "MethodResult":
    """Results of one target; only its description and any error where it has no predictions."""
    from strata.reports.model.results import MethodResult

    common: dict[str, Any] = {
        "name": target.name,
        "recipe": target.recipe.name,
        "parameters": _parameters(target),
        "stages": stage_rows(target, records, set(outcome.made)),
        "variant_of": target.method.variant_of,
        "varied": target.method.varied,
        "kind": method_kind(target),
        "paper": target.method.paper,
    }
    if records.store.state(target.node.key) != "present":
        return MethodResult(**common, error=_error_of(target, outcome))
    predictions = records.store.read(target.node.key)
    fitted = _fitted(target, records)
    training = one_per_fold(fitted, "training_accuracy")
    cv = split_scores(predictions, lambda fold: fold >= 0)
    test = split_scores(predictions, lambda fold: fold < 0)
    return MethodResult(
        **common,
        cv=cv,
        test=test,
        findings=[*_not_converged(fitted), *_learning_warnings(fitted)],
        cost=cost(target, records),
        histories=one_per_fold(fitted, "history"),
        lr_curves=one_per_fold(fitted, "lr_search"),
        **network_facts(target, fitted),
        pretrained=pretrained_networks(target.folds[-1][1], dataset.classes, records.store),
        **learned_parts(target, fitted, records),
        search=search_result(target, records.store),
        training_accuracy=sum(training) / len(training) if training else None,
    )


def _parameters(target: Target) -> dict[str, Any]:
    """Parameters as in the file, defaults filled in; "searched" for those of a random search."""
    search = target.method.search
    return with_values(target.parameters, dict.fromkeys(search.space if search else (), "searched"))


def _fitted(target: Target, records: Records) -> list[list[Any]]:
    """Artifacts of the fitted models, for each fold of cross-validation (or the final fold)."""
    folds = [part for part in target.folds if part[0].number >= 0] or target.folds
    return [
        [records.store.read(n.key) for n in prediction_path(scores)[1] if records.of(n)]
        for _, scores in folds
    ]


def _not_converged(fitted: list[list[Any]]) -> list[dict[str, Any]]:
    """A finding about classifiers whose solver stopped before convergence."""
    stopped = sum(any(a.get("converged") is False for a in fold) for fold in fitted)
    if not stopped:
        return []
    return [
        {
            "code": "L02",
            "severity": "issue",
            "title": "Convergence of the solver",
            "sentence": f"The solver did not converge in {stopped} of {len(fitted)} folds.",
            "why": "A classifier whose solver stopped early may be far from the optimum.",
            "remedy": "Scale the vectors to unit length or unit variance, or lower classifier.C.",
        }
    ]


def _learning_warnings(fitted: list[list[Any]]) -> list[dict[str, Any]]:
    """A finding for each warning of those who learned codebooks and mixtures."""
    told = {w for fold in fitted for artifact in fold for w in artifact.get("warnings", ())}
    return [
        {
            "code": "L03",
            "severity": "issue",
            "title": "Codebook",
            "sentence": sentence,
            "why": "Words without descriptors tell nothing, and codebooks of copies tell little.",
            "remedy": "Take fewer words or Gaussians, or a denser grid of descriptors.",
        }
        for sentence in sorted(told)
    ]


def split_scores(predictions: Any, selects: Callable[[Any], Any]) -> "Scores | None":
    """Scores of the folds whose number `selects` accepts; None without any."""

    from strata.reports.model.scores import Scores

    rows = np.flatnonzero(selects(predictions["fold"]))
    if not len(rows):
        return None
    probabilities = predictions["probabilities"][rows]
    return Scores(
        ids=[str(name) for name in predictions["ids"][rows]],
        labels=predictions["labels"][rows],
        repeat=np.maximum(predictions["repeat"][rows], 0),
        fold=np.maximum(predictions["fold"][rows], 0),
        scores=predictions["scores"][rows],
        probabilities=None if np.isnan(probabilities).any() else probabilities,
    )


def _error_of(target: Target, outcome: RunOutcome) -> str | None:
    """Error of the first node that failed on the way to a target; None where none did."""
    for node in topological_order([target.node]):
        if node.key in outcome.errors:
            error: StrataError = outcome.errors[node.key]
            return str(error)
    return None


def data_summary(experiment: Experiment, dataset: Dataset, store: Store) -> "DataSummary":
    """Class counts, sample images and findings of the audit."""
    from strata.reports.model.results import DataSummary

    manifest = dataset.manifest
    counts: dict[str, dict[str, int]] = {c: {"train": 0, "test": 0} for c in dataset.classes}
    samples: dict[str, list[str]] = {c: [] for c in dataset.classes}
    for record, test in zip(manifest.records, dataset.assignment.test, strict=True):
        counts[record.label]["test" if test else "train"] += 1
        if not test and len(samples[record.label]) < SAMPLES:
            samples[record.label].append(record.id)
    return DataSummary(
        name=utf8(Path(experiment.data["source"].rstrip("/")).name or manifest.root.name),
        root_hint=utf8(manifest.root.name),
        classes=list(dataset.classes),
        counts=counts,
        sample_ids=samples,
        findings=audit_findings(manifest, experiment, store),
        sizes=_sizes(dataset),
        digest=manifest.digest,
    )


def _sizes(dataset: Dataset) -> str:
    """Image sizes as text, with the most common one."""
    sizes = Counter((r.width, r.height) for r in dataset.manifest.records)
    (width, height), count = sizes.most_common(1)[0]
    if len(sizes) == 1:
        return f"all {width} x {height}"
    widths, heights = zip(*sizes, strict=True)
    return (
        f"{len(sizes)} sizes, {min(widths)} to {max(widths)} pixels wide and {min(heights)} to "
        f"{max(heights)} high; {width} x {height} the most common ({count})"
    )


def _run(
    experiment: Experiment, command: str, seconds: float | None, repeat: float | None
) -> "RunInfo":
    """Provenance of the run."""
    from strata import __version__
    from strata.reports.model.results import RunInfo

    started = datetime.now().astimezone() - timedelta(seconds=seconds or 0)
    return RunInfo(
        command=utf8(command),
        file=utf8(experiment.path.name),
        file_text=experiment.text,
        seed=experiment.protocol["seed"],
        folds=experiment.protocol["folds"],
        repeats=experiment.protocol["repeats"],
        versions={"strata": __version__, **versions()},
        machine=_machine(),
        started=started.isoformat(timespec="seconds"),
        seconds=seconds,
        repeat_seconds=repeat,
        settings=[utf8(setting) for setting in experiment.settings],
    )


def _machine() -> dict[str, str]:
    """Hardware and system, as far as the platform tells."""
    found = {"system": f"{platform.system()} {platform.machine()}", "cores": str(os.cpu_count())}
    try:
        text = Path("/proc/cpuinfo").read_text()
        found["processor"] = text.partition("model name")[2].partition("\n")[0].strip("\t :")
        memory = Path("/proc/meminfo").read_text().split()[1]
        found["memory"] = f"{int(memory) / 2**20:.0f} GiB"
    except (OSError, IndexError, ValueError):
        pass
    return {name: value for name, value in found.items() if value}
