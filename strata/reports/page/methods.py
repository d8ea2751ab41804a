"""Section of one method: metrics, stages, curves, network diagnostics, errors."""

from typing import Any, NamedTuple

from strata.reports.comparison.evaluation import SPLIT_NAMES, Split
from strata.reports.comparison.hardest_images import (
    ImagePrediction,
    most_confident_correct,
    most_confident_errors,
)
from strata.reports.comparison.ranking import RankedMethod
from strata.reports.exports.tables import MARKS, UNMARKED
from strata.reports.formatting import (
    decimal,
    duration,
    flat,
    listing,
    number_of,
    parameter,
    percent,
    size,
)
from strata.reports.model.results import MethodResult, StageRow
from strata.reports.model.visualizations import Visualization
from strata.reports.page.method_scores import (
    class_rows,
    confused_pairs,
    facts,
    fold_text,
    recall_axis,
)
from strata.reports.page.network import (
    layer_table,
    pretrained_section,
    training_section,
    weight_tables,
)
from strata.reports.page.pictures import Pictures
from strata.reports.page.plots.confusion_matrix import LARGE_CELLS, confusion_drawing
from strata.reports.page.plots.curves import calibration_drawing, roc_drawing
from strata.reports.page.plots.search_plots import search_section
from strata.reports.summary.analysis import Analysis


class PictureLimits(NamedTuple):
    """Pictures that a method may show: errors, correct images, rows of each visualization."""

    errors: int
    correct: int
    rows: int


def method_section(
    row: RankedMethod, analysis: Analysis, pictures: Pictures, limits: PictureLimits
) -> dict[str, Any]:
    """Template context of a method."""
    classes = analysis.comparison.data.classes
    split: Split = "cv" if "cv" in row.evaluations else "test"
    main = row.evaluations[split]
    method = row.method
    return {
        "row": row,
        "mark": MARKS.get(row.mark, UNMARKED),
        "method": method,
        "split": SPLIT_NAMES[split],
        "facts": facts(row),
        "parameters": [(name, parameter(value)) for name, value in flat(method.parameters).items()],
        "stages": _stages(method.stages),
        "confusions": [
            {
                "split": SPLIT_NAMES[s],
                "drawing": confusion_drawing(e.confusion, classes, e.repeats, SPLIT_NAMES[s]),
                "pairs": confused_pairs(e, classes),
            }
            for s, e in row.evaluations.items()
        ],
        "many": len(classes) > LARGE_CELLS,
        "per_class": [
            {
                "split": SPLIT_NAMES[s],
                "rows": class_rows(e, classes),
                "recall_from": percent(recall_axis(e)[0], 0),
                "roc": roc_drawing(e.roc, classes, SPLIT_NAMES[s]) if s == split else None,
            }
            for s, e in row.evaluations.items()
        ],
        "calibration": calibration_drawing(main.probabilistic.reliability, SPLIT_NAMES[split])
        if main.probabilistic
        else None,
        "training": training_section(method),
        "weight_tables": weight_tables(method),
        "pretrained": pretrained_section(method),
        "layers": layer_table(method.layers),
        "search": search_section(method.search),
        "folds": fold_text(main),
        "errors": [
            (SPLIT_NAMES[s], _pictures(most_confident_errors(e, limits.errors), classes, pictures))
            for s, e in row.evaluations.items()
        ],
        "correct": _pictures(most_confident_correct(main, limits.correct), classes, pictures),
        "visualizations": visualization_contexts(method.visualizations, pictures, limits.rows),
        "margin": "probability" if main.scores.probabilities is not None else "score",
    }


def _stages(stages: list[StageRow]) -> list[dict[str, Any]]:
    """Template context of the stages, with their time relative to the longest."""
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
    """Time at which a stage was computed, and package versions where they differ from the run's."""
    if stage.made == "now":
        return "computed in this run"
    made = f"computed {stage.when[:16].replace('T', ' ')}" if stage.when else "from the store"
    others = listing(f"{name} {version}" for name, version in stage.versions.items())
    return f"{made} with {others}" if others else made


def visualization_contexts(
    visualizations: list[Visualization], pictures: Pictures, most: int
) -> list[dict[str, Any]]:
    """Template contexts of visualizations, at most `most` rows of each, evenly spaced."""
    return [
        {
            "title": visualization.title,
            "note": visualization.note,
            "rows": [
                {
                    "heading": row.heading,
                    "note": row.note,
                    "panels": [
                        {"shown": pictures.panel(panel), "alt": panel.alt, "caption": panel.caption}
                        for panel in row.panels
                    ],
                }
                for row in visualization.rows[:: -(-len(visualization.rows) // most) or 1]
            ],
        }
        for visualization in visualizations
    ]


def _pictures(
    judged: list[ImagePrediction], classes: list[str], pictures: Pictures
) -> list[dict[str, Any]]:
    """Template context of single images with true and predicted class."""
    return [
        {
            "image": one.image,
            "shown": pictures.show(one.image),
            "true": classes[one.true],
            "predicted": classes[one.predicted],
            "margin": decimal(one.margin, 2),
        }
        for one in judged
    ]


def failed_section(method: MethodResult) -> dict[str, str]:
    """Template context of a method without results; its error is "" where it was not run."""
    return {"name": method.name, "error": method.error or ""}
