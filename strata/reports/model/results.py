"""What a report is made of: predictions, their cost and where they come from. Plain data.

A report reads nothing but these. Whoever has scores for labeled images can fill them in and
call `strata.reports.write_report`; the pipeline is one such caller.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from strata.reports.model.scores import Scores
from strata.reports.model.visualizations import Visualization

#: Where a method's features come from: designed by people, learned by a network, or both.
Family = Literal["classical", "deep", "fused", ""]


@dataclass(frozen=True)
class Cost:
    """What one fitted model costs. Times are processor time of one process.

    Attributes:
        fit_seconds: from images to fitted model; stages shared with others count fully.
        predict_ms: milliseconds per image, from file to scores, in a process that has begun.
        parameters: learned numbers, codebooks and projections included.
        multiply_adds: per image, where known.
        bytes: fitted model on disk.
        peak_memory: bytes of the fitting process at its peak.
    """

    fit_seconds: float | None = None
    predict_ms: float | None = None
    parameters: int | None = None
    multiply_adds: int | None = None
    bytes: int | None = None
    peak_memory: int | None = None


@dataclass(frozen=True)
class StageRow:
    """One stage of a method's recipe, over all folds and shards: `made` now, or kept from before.

    Attributes:
        seconds: processor time that its artifacts took when they were made; `bytes` is their size.
        when: the last of them was made, ISO 8601; "" where that is not recorded.
        versions: of packages that made them and are not the run's, {"numpy": "2.3.1"}.
    """

    name: str
    seconds: float
    made: Literal["now", "kept"]
    artifacts: int
    bytes: int
    parameters: dict[str, Any] = field(default_factory=dict)
    when: str = ""
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Searched:
    """A parameter that is searched for: a range of numbers, or else a list of `values`.

    Attributes:
        name: dotted.
        log: whether all magnitudes were drawn alike.
    """

    name: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    values: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Search:
    """A search for a method's parameters: trials, judged inside of each fold's training part.

    Attributes:
        trials: for each, dotted parameter -> value.
        folds: names of the folds that searched.
        final: for each, whether it is the fit on all training images.
        accuracies: (folds, trials) float64, on validation images out of the training part.
        picked: for each fold, the trial whose parameters it went on with, from 0.
    """

    parameters: list[Searched]
    trials: list[dict[str, Any]]
    folds: list[str]
    final: list[bool]
    accuracies: np.ndarray
    picked: list[int]


@dataclass(frozen=True)
class Method:
    """One method, with all that is known of it; what is missing is None or empty.

    Attributes:
        name: unique within the comparison.
        recipe: name of the recipe that it runs.
        parameters: as written by the user, defaults filled in; may be nested.
        cv: cross-validated scores of the training images.
        test: scores of the test images, by a model fitted on all training images.
        stages: in the order in which they run.
        histories: one per fold, each a list of one dict per epoch; keys with "loss" or
            "accuracy" in them are drawn, those with "validation" as the held-out curve, and
            "rate" as the learning rate. An "epoch" key is optional. Keys "WHAT/LAYER" tell of one
            layer: dead_units (a share), gradient_norm, activation_histogram (a list of shares).
        rate_searches: one per fold, what a learning-rate finder saw: `rates` tried, rising, the
            `losses` at them, and the `suggestion`.
        search: the search for its parameters, where there was one.
        training_accuracy: mean over folds, on the images that the model was fitted on.
        variant_of: the method of which this is one variant of a sweep.
        varied: the parameters, by dotted name, that a sweep gave this variant.
        error: why there are no scores, or not all.
        findings: of the method's own diagnostics (dead units, a solver that stopped early),
            in the shape of `DataSummary.findings`.
        family: where its features come from; "" where that is not known.
        paper: the accuracy that a paper gives for it, part of one.
        exhibits: what it has learned, in pictures.
    """

    name: str
    recipe: str
    parameters: dict[str, Any] = field(default_factory=dict)
    cv: Scores | None = None
    test: Scores | None = None
    cost: Cost | None = None
    stages: list[StageRow] = field(default_factory=list)
    histories: list[list[dict[str, Any]]] = field(default_factory=list)
    rate_searches: list[dict[str, Any]] = field(default_factory=list)
    search: Search | None = None
    training_accuracy: float | None = None
    variant_of: str | None = None
    varied: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    findings: list[dict[str, Any]] = field(default_factory=list)
    family: Family = ""
    paper: float | None = None
    exhibits: list[Visualization] = field(default_factory=list)


@dataclass(frozen=True)
class DataSummary:
    """The images, in figures.

    Attributes:
        name: as people call the data.
        root_hint: where it lay, for people.
        classes: class names, in the order of the score columns.
        counts: per class, images by split: {"coast": {"train": 252, "test": 108}}.
        sample_ids: per class, a few image ids to show.
        findings: of the audit: dicts with `code`, `severity` ("issue", "tip" or "passed"),
            `title`, `sentence` (optional: what was found), `why`, `remedy` and `images` (ids, or
            lists of ids that belong together).
        sizes: the image sizes, as text ("all 256 x 256").
        digest: of the manifest.
    """

    name: str
    root_hint: str
    classes: list[str]
    counts: dict[str, dict[str, int]]
    sample_ids: dict[str, list[str]] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)
    sizes: str = ""
    digest: str = ""


@dataclass(frozen=True)
class RunInfo:
    """How the results were made, and how to make them again.

    Attributes:
        command: as typed.
        file: the experiment file's name; `file_text` is its content.
        versions: by package, {"python": "3.11.7", ...}.
        machine: what matters of it, as text, {"processor": ..., "cores": ...}.
        started: local time with offset, ISO 8601.
        seconds: wall time of the run.
    """

    command: str
    file: str
    file_text: str
    seed: int
    folds: int
    repeats: int
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)
    started: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Some methods on one set of images under one protocol: the whole of a report.

    `name` is short (a file stem), `title` is a line of text.
    """

    name: str
    title: str
    data: DataSummary
    methods: list[Method]
    run: RunInfo
