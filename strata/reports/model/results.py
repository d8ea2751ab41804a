"""Input of a report: methods with scores and costs, the data set and the run. Plain dataclasses.

A report reads nothing else. Whoever has class scores of labeled images can fill these in and call
`strata.reports.write_report`; the pipeline is one such caller.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from strata.reports.model.pretrained import PretrainedNetwork
from strata.reports.model.scores import Scores
from strata.reports.model.visualizations import Visualization

#: Origin of a method's features: hand-crafted, learned by a network, or both; "" if unknown.
MethodKind = Literal["classical", "deep", "fused", ""]
#: Images on which validation curves are measured; see `MethodResult.watched`.
Watched = Literal["heldout", "validation", ""]
#: Confidence intervals of accuracies; see `Comparison.intervals`.
IntervalKind = Literal["t", "bootstrap"]


@dataclass(frozen=True)
class Cost:
    """Computational cost of one fitted model. Times are processor time of one process.

    Attributes:
        fit_seconds: from images to fitted model; stages shared with other methods count in full.
        predict_ms: milliseconds per image, from file to class scores, after warm-up of the process.
        parameters: number of learned parameters, codebooks and projections included.
        multiply_adds: multiply-adds per image (MACs), where known.
        bytes: size of the fitted model on disk.
        peak_memory: peak memory of the fitting process, in bytes.
        trainable: parameters of a network that its training changes; None without a network.
        frozen: parameters of pretrained layers that stay as they are.
    """

    fit_seconds: float | None = None
    predict_ms: float | None = None
    parameters: int | None = None
    multiply_adds: int | None = None
    bytes: int | None = None
    peak_memory: int | None = None
    trainable: int | None = None
    frozen: int | None = None


@dataclass(frozen=True)
class LayerRow:
    """One layer of a network, for one image.

    Attributes:
        name, kind: of the module, "block1.convolution" and "Conv2d".
        output: shape of its output, (channels, height, width) or (units,).
        kernel: (height, width) of a convolution or pooling; () for other layers.
        parameters: number of weights.
        trainable: those that training changes.
        statistics: moving means and variances of a normalization, which are not trained.
        multiply_adds: one for each weight applied.
        receptive_field: (height, width) of the part of the image that one output sees, pixels.
    """

    name: str
    kind: str
    output: tuple[int, ...]
    kernel: tuple[int, ...] = ()
    parameters: int = 0
    trainable: int = 0
    statistics: int = 0
    multiply_adds: int = 0
    receptive_field: tuple[int, ...] = ()


@dataclass(frozen=True)
class StageRow:
    """One stage of a method's recipe, over all folds and shards: computed in this run or cached.

    Attributes:
        seconds: processor time in which its artifacts were computed, whenever that was.
        made: "now" if this run computed any of its artifacts, "kept" if all were in the store.
        artifacts: how many there are.
        bytes: their size.
        when: time of the last of them, ISO 8601; "" where it is not recorded.
        versions: versions of packages that differ from the run's, {"numpy": "2.3.1"}.
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
class SearchedParameter:
    """A parameter of a random search: a range of numbers, or else a list of `values`.

    Attributes:
        name: dotted.
        log: whether it is sampled log-uniformly.
    """

    name: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    values: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class SearchResult:
    """Random search over a method's parameters, run inside each fold's training images.

    Attributes:
        trials: parameters of each trial, dotted name -> value.
        folds: names of the folds that searched.
        final: for each fold, whether it is the fit on all training images.
        accuracies: (folds, trials) float64, on a validation set held out of the training images.
        picked: for each fold, index of the selected trial.
    """

    parameters: list[SearchedParameter]
    trials: list[dict[str, Any]]
    folds: list[str]
    final: list[bool]
    accuracies: np.ndarray
    picked: list[int]


@dataclass(frozen=True)
class MethodResult:
    """Results of one method; what is unknown is None or empty.

    Attributes:
        name: unique within the comparison.
        recipe: name of the recipe that it runs.
        parameters: as in the experiment file, defaults filled in; may be nested.
        cv: out-of-fold scores of the training images, from cross-validation.
        test: scores of the test images, by a model fitted on all training images.
        stages: in the order in which they run.
        histories: training history of each fold, a list of one dict per epoch. "loss", "accuracy",
            the same with "validation_", and "auxiliary_loss/HEAD", "auxiliary_accuracy/HEAD" are
            drawn; "lr" is the learning rate, "epoch" is optional. Keys "QUANTITY/LAYER" describe
            one layer: dead_units and zeros (fractions), gradient_norm, activation_histogram and
            parameter_histogram (lists of fractions).
        watched: images that "validation_" is measured on: "heldout", those of the fold, which
            choose nothing; "validation", a part of the training images that decides when training
            stops; "" without any.
        begins: weights that its network begins with: "scratch" (random), "pretrained" (on labels)
            or "unsupervised" (its own layers, pretrained without labels).
        pretrained: networks in it whose weights were learned before, on other images.
        layers: of its network, in the order of computation.
        pretraining: of each fold, the reconstruction error of each pretrained layer by epoch.
        unlabeled: number of images without labels that were used in it besides.
        branch_weights: weights learned for the features of each branch, one for each fold.
        node_weights: the same for the nodes of a pretrained network.
        method_weights: share of each method in the scores of a fusion, one for each fold.
        lr_curves: learning-rate range test of each fold: `rates` tried, ascending, the `losses` at
            them, and the `suggestion`.
        search: the random search over its parameters, if there was one.
        training_accuracy: on the images that the model was fitted on, mean over folds.
        variant_of: name of the method of whose sweep this is one variant.
        varied: the swept parameters of this variant, by dotted name.
        error: why there are no scores, or not all.
        findings: of the method's own diagnostics (dead units, a solver that did not converge), in
            the form of `DataSummary.findings`.
        kind: origin of its features; "" if unknown.
        paper: published accuracy, as a fraction of one.
        visualizations: pictures of what it has learned.
    """

    name: str
    recipe: str
    parameters: dict[str, Any] = field(default_factory=dict)
    cv: Scores | None = None
    test: Scores | None = None
    cost: Cost | None = None
    stages: list[StageRow] = field(default_factory=list)
    histories: list[list[dict[str, Any]]] = field(default_factory=list)
    watched: Watched = ""
    begins: Literal["scratch", "pretrained", "unsupervised", ""] = ""
    pretrained: list[PretrainedNetwork] = field(default_factory=list)
    layers: list[LayerRow] = field(default_factory=list)
    pretraining: list[dict[str, list[float]]] = field(default_factory=list)
    unlabeled: int = 0
    branch_weights: dict[str, list[float]] = field(default_factory=dict)
    node_weights: dict[str, list[float]] = field(default_factory=dict)
    method_weights: dict[str, list[float]] = field(default_factory=dict)
    lr_curves: list[dict[str, Any]] = field(default_factory=list)
    search: SearchResult | None = None
    training_accuracy: float | None = None
    variant_of: str | None = None
    varied: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    findings: list[dict[str, Any]] = field(default_factory=list)
    kind: MethodKind = ""
    paper: float | None = None
    visualizations: list[Visualization] = field(default_factory=list)


@dataclass(frozen=True)
class DataSummary:
    """The data set: classes, image counts, samples and findings of the audit.

    Attributes:
        name: of the data set.
        root_hint: folder that it was read from, for display.
        classes: class names, in the order of the score columns.
        counts: per class, images by split: {"coast": {"train": 252, "test": 108}}.
        sample_ids: per class, a few image ids to show.
        findings: of the audit: dicts with `code`, `severity` ("issue", "tip" or "passed"),
            `title`, `sentence` (optional: what was found), `why`, `remedy` and `images` (ids, or
            lists of ids that belong together).
        sizes: the image sizes, as text ("all 256 x 256").
        digest: hash of the manifest.
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
    """Provenance of the results: command, experiment file, seed, versions and computer.

    Attributes:
        command: as typed.
        file: the experiment file's name; `file_text` is its content.
        versions: by package, {"python": "3.11.7", ...}.
        machine: hardware and system, as text, {"processor": ..., "cores": ...}.
        started: local time with offset, ISO 8601.
        seconds: wall time of the run.
        repeat_seconds: processor time of one repeat of the cross-validation, all methods together,
            without the stages that every repeat shares.
        settings: "KEY=VALUE" that the command line set in the file.
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
    repeat_seconds: float | None = None
    settings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """Methods compared on one data set under one protocol: the whole input of a report.

    Attributes:
        name: short, such as a file stem.
        title: one line of text.
        intervals: of accuracies: "t", the corrected resampled t interval over folds and Wilson's
            over test images; "bootstrap", over images drawn again, within each fold.
        visualizations: of several methods together.
        findings: about these, in the form of `DataSummary.findings`.

    Examples:
        Scores of any classifier become a ranking, and with `write_report` a page:

        >>> import numpy as np
        >>> from strata import reports
        >>> rng, labels = np.random.default_rng(0), np.arange(40) % 2
        >>> ids, fold = [f"{i}.jpg" for i in range(40)], np.zeros(40, int)
        >>> def method(name, noise):
        ...     scores = np.eye(2)[labels] + rng.normal(0, noise, (40, 2))
        ...     test = reports.Scores(ids, labels, fold, fold, scores)
        ...     return reports.MethodResult(name, "mine", test=test)
        >>> counts = {"cat": {"test": 20}, "dog": {"test": 20}}
        >>> data = reports.DataSummary("photos", "photos", ["cat", "dog"], counts)
        >>> run = reports.RunInfo("", "", "", seed=0, folds=0, repeats=0)
        >>> methods = [method("good", 0.2), method("bad", 9)]
        >>> table = reports.terminal_table(reports.Comparison("mine", "Mine", data, methods, run))
        >>> [row[1] for row in table.rows]
        ['good *', 'bad']
    """

    name: str
    title: str
    data: DataSummary
    methods: list[MethodResult]
    run: RunInfo
    intervals: IntervalKind = "t"
    visualizations: list[Visualization] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
