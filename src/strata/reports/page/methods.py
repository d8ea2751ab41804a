"""The section of one method: how it was made, where it goes wrong."""

from typing import Any, NamedTuple

import numpy as np

from strata.reports.analysis import Analysis
from strata.reports.evaluation import SPLIT_NAMES, Evaluation, Split
from strata.reports.exhibits import Exhibit
from strata.reports.images import Judged, surest_hits, worst_mistakes
from strata.reports.metrics import confusions
from strata.reports.page.curves import calibration_drawing, learning_drawings, roc_drawing
from strata.reports.page.inside import inside_drawings
from strata.reports.page.matrix import confusion_drawing
from strata.reports.page.overview import COSTS, bar, bar_axis
from strata.reports.page.pictures import Pictures
from strata.reports.page.rates import rate_drawing
from strata.reports.page.searching import search_section
from strata.reports.page.svg import number
from strata.reports.ranking import Ranked
from strata.reports.results import Method, StageRow
from strata.reports.text import (
    duration,
    figure,
    flat,
    known,
    listing,
    number_of,
    parameter,
    percent,
    percent_range,
    size,
)


class Room(NamedTuple):
    """How many pictures a method may show: mistakes, hits, and rows of each exhibit."""

    mistakes: int
    hits: int
    rows: int


def method_section(
    row: Ranked, analysis: Analysis, pictures: Pictures, room: Room
) -> dict[str, Any]:
    """Everything the template of a method needs."""
    classes = analysis.comparison.data.classes
    split: Split = "cv" if "cv" in row.evaluations else "test"
    main = row.evaluations[split]
    method = row.method
    return {
        "row": row,
        "method": method,
        "split": SPLIT_NAMES[split],
        "facts": _facts(row),
        "parameters": [(name, parameter(value)) for name, value in flat(method.parameters).items()],
        "stages": _stages(method.stages),
        "confusions": [
            (SPLIT_NAMES[s], confusion_drawing(e.confusion, classes, e.repeats, SPLIT_NAMES[s]))
            for s, e in row.evaluations.items()
        ],
        "mix_ups": _mix_ups(main, classes),
        "classes": _class_rows(main, classes),
        "recall_from": percent(_recall_axis(main)[0], 0),
        "roc": roc_drawing(main.roc, classes, SPLIT_NAMES[split]),
        "calibration": calibration_drawing(main.probabilistic.reliability, SPLIT_NAMES[split])
        if main.probabilistic
        else None,
        "learning": learning_drawings(method.histories) if method.histories else [],
        "inside": inside_drawings(method.histories) if method.histories else [],
        "rates": rate_drawing(method.rate_searches),
        "search": search_section(method.search),
        "folds": _fold_text(main),
        "mistakes": _pictures(worst_mistakes(main, room.mistakes), classes, pictures),
        "hits": _pictures(surest_hits(main, room.hits), classes, pictures),
        "exhibits": _exhibits(method.exhibits, pictures, room.rows),
        "margin": "probability" if main.scores.probabilities is not None else "score",
    }


def _facts(row: Ranked) -> list[tuple[str, str, str]]:
    """(what, value, note) of everything that is one number."""
    facts = []
    for split, e in row.evaluations.items():
        where = SPLIT_NAMES[split]
        note = f"95 % {percent_range(e.interval)}" if known(e.interval.low) else ""
        facts.append((f"Accuracy, {where}", f"{percent(e.accuracy)} %", note))
    main = next(iter(row.evaluations.values()))
    where = SPLIT_NAMES[main.split]
    facts.append(("Macro-F1", figure(main.macro_f1), where))
    facts.append(("Balanced accuracy", f"{percent(main.balanced_accuracy)} %", where))
    facts.append(("Mean AUC", figure(main.roc.macro), where))
    if main.top_k is not None:
        facts.append(("Among the first five", f"{percent(main.top_k)} %", where))
    if main.probabilistic:
        facts.append(("Log loss", figure(main.probabilistic.log_loss), where))
        facts.append(("Brier score", figure(main.probabilistic.brier), where))
    if row.method.training_accuracy is not None:
        facts.append(("Accuracy when fitted", f"{percent(row.method.training_accuracy)} %",
                      "on its own training images"))  # fmt: skip
    if row.method.cost:
        for kind in COSTS:
            value = kind.of(row.method.cost)
            if value is not None:
                facts.append((kind.name.capitalize(), kind.text(value), ""))
        if row.method.cost.peak_memory is not None:
            facts.append(("Peak memory", size(row.method.cost.peak_memory), ""))
    return facts


def _stages(stages: list[StageRow]) -> list[dict[str, Any]]:
    longest = max((stage.seconds for stage in stages), default=0.0) or 1.0
    return [
        {
            "name": stage.name,
            "made": stage.made,
            "seconds": duration(stage.seconds),
            "share": f"--to:{100 * stage.seconds / longest:.1f}%",
            "artifacts": number_of(stage.artifacts, "artifact"),
            "bytes": size(stage.bytes),
            "parameters": [(k, parameter(v)) for k, v in flat(stage.parameters).items()],
            "origin": _origin(stage),
        }
        for stage in stages
    ]


def _origin(stage: StageRow) -> str:
    """When a stage was made, and with what where that is not what the run has."""
    if stage.made == "now":
        return "made in this run"
    made = f"made {stage.when[:16].replace('T', ' ')}" if stage.when else "kept from before"
    others = listing(f"{name} {version}" for name, version in stage.versions.items())
    return f"{made} with {others}" if others else made


def _exhibits(exhibits: list[Exhibit], pictures: Pictures, most: int) -> list[dict[str, Any]]:
    """Exhibits with at most so many rows each, taken evenly from all of theirs."""
    return [
        {
            "title": exhibit.title,
            "note": exhibit.note,
            "rows": [
                {
                    "heading": row.heading,
                    "note": row.note,
                    "tiles": [
                        {"shown": pictures.tile(tile), "says": tile.says, "caption": tile.caption}
                        for tile in row.tiles
                    ],
                }
                for row in exhibit.rows[:: -(-len(exhibit.rows) // most) or 1]
            ],
        }
        for exhibit in exhibits
    ]


def _mix_ups(evaluation: Evaluation, classes: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "true": classes[i],
            "predicted": classes[j],
            "count": number(n / evaluation.repeats),
            "part": percent(n / evaluation.per_class.support[i], 0),
        }
        for i, j, n in confusions(evaluation.confusion, 6)
    ]


def _class_rows(evaluation: Evaluation, classes: list[str]) -> list[dict[str, Any]]:
    per_class = evaluation.per_class
    axis = _recall_axis(evaluation)
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


def _recall_axis(evaluation: Evaluation) -> tuple[float, float]:
    recalls = evaluation.per_class.recall.tolist()
    return bar_axis(list(zip(recalls, evaluation.recall_intervals, strict=True)))


def _fold_text(evaluation: Evaluation) -> str:
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


def _pictures(judged: list[Judged], classes: list[str], pictures: Pictures) -> list[dict[str, Any]]:
    return [
        {
            "image": one.image,
            "shown": pictures.show(one.image),
            "true": classes[one.true],
            "predicted": classes[one.predicted],
            "margin": figure(one.margin, 2),
        }
        for one in judged
    ]


def failed_section(method: Method) -> dict[str, str]:
    """A method without results: its name and error."""
    return {"name": method.name, "error": method.error or "It has no scores."}
