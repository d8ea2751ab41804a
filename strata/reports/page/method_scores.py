"""Metrics of one method as text and table rows of its section."""

from typing import Any

import numpy as np

from strata.reports.comparison.evaluation import SPLIT_NAMES, Evaluation
from strata.reports.comparison.ranking import RankedMethod
from strata.reports.formatting import count, decimal, known, percent, percent_range, size
from strata.reports.model.results import Cost
from strata.reports.page.plots.cost_axes import COSTS
from strata.reports.page.plots.interval_bars import bar, bar_axis
from strata.reports.page.plots.svg import number
from strata.reports.statistics.metrics import top_confusions


def facts(row: RankedMethod) -> list[tuple[str, str, str]]:
    """(name, value, note) of every scalar metric and cost."""
    found = []
    for split, e in row.evaluations.items():
        where = SPLIT_NAMES[split]
        note = f"95 % CI {percent_range(e.interval)}" if known(e.interval.low) else ""
        found.append((f"Accuracy, {where}", f"{percent(e.accuracy)} %", note))
    main = next(iter(row.evaluations.values()))
    where = SPLIT_NAMES[main.split]
    found.append(("Macro-F1", decimal(main.macro_f1), where))
    found.append(("Balanced accuracy", f"{percent(main.balanced_accuracy)} %", where))
    found.append(("Macro AUC", decimal(main.roc.macro), where))
    if main.top_k is not None:
        found.append(("Top-5 accuracy", f"{percent(main.top_k)} %", where))
    if main.probabilistic:
        found.append(("Log loss", decimal(main.probabilistic.log_loss), where))
        found.append(("Brier score", decimal(main.probabilistic.brier), where))
    if row.method.training_accuracy is not None:
        found.append(("Training accuracy", f"{percent(row.method.training_accuracy)} %",
                      "mean over folds"))  # fmt: skip
    if row.method.cost:
        for kind in COSTS:
            value = kind.of(row.method.cost)
            if value is not None:
                found.append((kind.name.capitalize(), kind.text(value), ""))
        found += _parameter_facts(row.method.cost, main)
        if row.method.cost.peak_memory is not None:
            found.append(("Peak memory", size(row.method.cost.peak_memory), ""))
    return found


def _parameter_facts(cost: Cost, main: Evaluation) -> list[tuple[str, str, str]]:
    """Trained and frozen parameters, and accuracy for the number of parameters.

    The ratio is that of Lorente, Riera and Rana (arXiv:2105.04895): accuracy, as a fraction of one,
    x 100,000 / parameters.
    """
    found = []
    if cost.trainable is not None:
        frozen = f"{count(cost.frozen)} frozen" if cost.frozen else "none frozen"
        found.append(("Trained parameters", count(cost.trainable), frozen))
        if cost.parameters:
            ratio = main.accuracy * 1e5 / cost.parameters
            found.append(("Accuracy × 10⁵ / parameters", f"{ratio:.3g}", SPLIT_NAMES[main.split]))
    return found


def confused_pairs(evaluation: Evaluation, classes: list[str]) -> list[dict[str, Any]]:
    """The most frequently confused pairs of classes."""
    return [
        {
            "true": classes[i],
            "predicted": classes[j],
            "count": number(n / evaluation.repeats),
            "part": percent(n / evaluation.per_class.support[i], 0),
        }
        for i, j, n in top_confusions(evaluation.confusion, 6 if len(classes) <= 12 else 12)
    ]


def class_rows(evaluation: Evaluation, classes: list[str]) -> list[dict[str, Any]]:
    """Rows of the per-class table: recall with a bar, precision, F1 and AUC."""
    per_class = evaluation.per_class
    axis = recall_axis(evaluation)
    rows = []
    for c, name in enumerate(classes):
        recall, interval = float(per_class.recall[c]), evaluation.recall_intervals[c]
        rows.append(
            {
                "name": name,
                "images": number(per_class.support[c] / evaluation.repeats),
                "recall": percent(recall),
                "recall_key": recall if known(recall) else "",
                "range": percent_range(interval, 0),
                "bar": bar(recall, interval, axis) if known(recall) else "",
                "precision": percent(float(per_class.precision[c])),
                "precision_range": percent_range(evaluation.precision_intervals[c], 0),
                "f1": decimal(float(per_class.f1[c])),
                "auc": decimal(float(evaluation.roc.areas[c])),
            }
        )
    return rows


def recall_axis(evaluation: Evaluation) -> tuple[float, float]:
    """Axis of the recall bars."""
    recalls = evaluation.per_class.recall.tolist()
    return bar_axis(list(zip(recalls, evaluation.recall_intervals, strict=True)))


def fold_text(evaluation: Evaluation) -> str:
    """Accuracies by fold and their variance components, in a sentence.

    With new folds in each repeat, the means of the repeats take the place of folds.
    """
    if evaluation.folds is None:
        return ""
    shared = evaluation.folds.shared
    values = np.nanmean(evaluation.folds.accuracy, axis=0 if shared else 1)
    text = (
        f"Accuracy by {'fold' if shared else 'repeat'}: {', '.join(percent(v) for v in values)} %."
    )
    variance = evaluation.variance_components
    if variance:
        names = ("folds", "seeds") if variance.shared else ("repeats", "folds")
        text += (
            f" Standard deviation over {names[0]} {percent(variance.between**0.5)} points, "
            f"over {names[1]} {percent(variance.within**0.5)} points."
        )
    return text
