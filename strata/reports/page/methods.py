"""The section of one method: its figures, how it was made, where it goes wrong."""

from typing import Any, NamedTuple

from strata.reports.comparison.evaluation import SPLIT_NAMES, Split
from strata.reports.comparison.hardest_images import Judged, surest_hits, worst_mistakes
from strata.reports.comparison.ranking import Ranked
from strata.reports.formatting import (
    duration,
    figure,
    flat,
    listing,
    number_of,
    parameter,
    percent,
    size,
)
from strata.reports.model.results import Method, StageRow
from strata.reports.model.visualizations import Visualization
from strata.reports.page.method_scores import class_rows, facts, fold_text, mix_ups, recall_axis
from strata.reports.page.network_diagnostics import inside_drawings
from strata.reports.page.pictures import Pictures
from strata.reports.page.plots.confusion_matrix import confusion_drawing
from strata.reports.page.plots.curves import calibration_drawing, learning_drawings, roc_drawing
from strata.reports.page.plots.lr_finder_plot import rate_drawing
from strata.reports.page.plots.search_plots import search_section
from strata.reports.summary.analysis import Analysis


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
        "facts": facts(row),
        "parameters": [(name, parameter(value)) for name, value in flat(method.parameters).items()],
        "stages": _stages(method.stages),
        "confusions": [
            (SPLIT_NAMES[s], confusion_drawing(e.confusion, classes, e.repeats, SPLIT_NAMES[s]))
            for s, e in row.evaluations.items()
        ],
        "mix_ups": mix_ups(main, classes),
        "classes": class_rows(main, classes),
        "recall_from": percent(recall_axis(main)[0], 0),
        "roc": roc_drawing(main.roc, classes, SPLIT_NAMES[split]),
        "calibration": calibration_drawing(main.probabilistic.reliability, SPLIT_NAMES[split])
        if main.probabilistic
        else None,
        "learning": learning_drawings(method.histories) if method.histories else [],
        "inside": inside_drawings(method.histories) if method.histories else [],
        "rates": rate_drawing(method.rate_searches),
        "search": search_section(method.search),
        "folds": fold_text(main),
        "mistakes": _pictures(worst_mistakes(main, room.mistakes), classes, pictures),
        "hits": _pictures(surest_hits(main, room.hits), classes, pictures),
        "exhibits": _exhibits(method.exhibits, pictures, room.rows),
        "margin": "probability" if main.scores.probabilities is not None else "score",
    }


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


def _exhibits(exhibits: list[Visualization], pictures: Pictures, most: int) -> list[dict[str, Any]]:
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
