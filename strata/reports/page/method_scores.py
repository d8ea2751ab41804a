"""What one method scores, as the text and the tables of its section."""

from typing import Any

import numpy as np

from strata.reports.comparison.evaluation import SPLIT_NAMES, Evaluation
from strata.reports.comparison.ranking import Ranked
from strata.reports.formatting import figure, known, percent, percent_range, size
from strata.reports.page.plots.cost_axes import COSTS
from strata.reports.page.plots.interval_bars import bar, bar_axis
from strata.reports.page.plots.svg import number
from strata.reports.statistics.metrics import confusions


def facts(row: Ranked) -> list[tuple[str, str, str]]:
    """(what, value, note) of everything that is one number."""
    found = []
    for split, e in row.evaluations.items():
        where = SPLIT_NAMES[split]
        note = f"95 % {percent_range(e.interval)}" if known(e.interval.low) else ""
        found.append((f"Accuracy, {where}", f"{percent(e.accuracy)} %", note))
    main = next(iter(row.evaluations.values()))
    where = SPLIT_NAMES[main.split]
    found.append(("Macro-F1", figure(main.macro_f1), where))
    found.append(("Balanced accuracy", f"{percent(main.balanced_accuracy)} %", where))
    found.append(("Mean AUC", figure(main.roc.macro), where))
    if main.top_k is not None:
        found.append(("Among the first five", f"{percent(main.top_k)} %", where))
    if main.probabilistic:
        found.append(("Log loss", figure(main.probabilistic.log_loss), where))
        found.append(("Brier score", figure(main.probabilistic.brier), where))
    if row.method.training_accuracy is not None:
        found.append(("Accuracy when fitted", f"{percent(row.method.training_accuracy)} %",
                      "on its own training images"))  # fmt: skip
    if row.method.cost:
        for kind in COSTS:
            value = kind.of(row.method.cost)
            if value is not None:
                found.append((kind.name.capitalize(), kind.text(value), ""))
        if row.method.cost.peak_memory is not None:
            found.append(("Peak memory", size(row.method.cost.peak_memory), ""))
    return found


def mix_ups(evaluation: Evaluation, classes: list[str]) -> list[dict[str, Any]]:
    """The pairs of classes that are taken for each other most often."""
    return [
        {
            "true": classes[i],
            "predicted": classes[j],
            "count": number(n / evaluation.repeats),
            "part": percent(n / evaluation.per_class.support[i], 0),
        }
        for i, j, n in confusions(evaluation.confusion, 6)
    ]


def class_rows(evaluation: Evaluation, classes: list[str]) -> list[dict[str, Any]]:
    """The table of classes: recall with a bar, precision, F1 and area."""
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
                "f1": figure(float(per_class.f1[c])),
                "auc": figure(float(evaluation.roc.areas[c])),
            }
        )
    return rows


def recall_axis(evaluation: Evaluation) -> tuple[float, float]:
    """What the bars of recall run along."""
    recalls = evaluation.per_class.recall.tolist()
    return bar_axis(list(zip(recalls, evaluation.recall_intervals, strict=True)))


def fold_text(evaluation: Evaluation) -> str:
    """Accuracies by fold, and where their spread is from, in a sentence.

    A fold that is drawn anew in each repeat is not one fold: then it is the repeats' means.
    """
    if evaluation.folds is None:
        return ""
    shared = evaluation.folds.shared
    values = np.nanmean(evaluation.folds.accuracy, axis=0 if shared else 1)
    text = f"By {'fold' if shared else 'repeat'}: {', '.join(percent(v) for v in values)} %."
    if evaluation.spread:
        between, within = evaluation.spread.between**0.5, evaluation.spread.within**0.5
        names = ("folds", "seeds") if evaluation.spread.shared else ("repeats", "folds")
        text += (
            f" Standard deviation from {names[0]} {percent(between)} points, "
            f"from {names[1]} {percent(within)} points."
        )
    return text
