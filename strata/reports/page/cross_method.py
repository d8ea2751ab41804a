"""Across methods: what all of them miss, what only one kind gets right, who errs with whom."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from strata.reports.comparison.evaluation import SPLIT_NAMES
from strata.reports.comparison.shared_errors import (
    Divided,
    Joint,
    Missed,
    agreement,
    any_right,
    error_overlap,
    joint,
    missed_by_all,
    only_right_in,
)
from strata.reports.formatting import number_of, percent
from strata.reports.model.results import DataSummary, Family
from strata.reports.page.pictures import Pictures
from strata.reports.page.plots.confusion_matrix import share_drawing
from strata.reports.summary.analysis import Analysis

#: Pictures of what every method misses, and of each kind's own.
MISSED, DIVIDED = 18, 9


def across(analysis: Analysis, pictures: Pictures) -> dict[str, Any] | None:
    """Everything that the section needs; None with fewer than two methods on the same images."""
    ranking = analysis.ranking
    if ranking.basis is None:
        return None
    both = joint(ranking.on(ranking.basis))
    if both is None:
        return None
    classes = analysis.comparison.data.classes
    repeats = max(found.repeats for found in ranking.on(ranking.basis).values())
    split = SPLIT_NAMES[ranking.basis] + (f", first of {repeats} repeats" if repeats > 1 else "")
    missed = missed_by_all(both)
    flagged = _flagged(analysis.comparison.data)
    best = float((both.predictions == both.labels).mean(axis=1).max())
    return {
        "split": split,
        "images": len(both.images),
        "methods": len(both.names),
        "missed": len(missed),
        "reach": percent(any_right(both)),
        "best": percent(best),
        "shown": [_figure(one, classes, pictures, flagged) for one in missed[:MISSED]],
        "kinds": _kinds(analysis, both, pictures, flagged),
        "agreement": share_drawing(
            agreement(both), both.names, f"Agreement of methods, {split}", "{} and {} agree on {} %"
        ),
        "overlap": share_drawing(
            error_overlap(both),
            both.names,
            f"Shared mistakes of methods, {split}",
            "{} and {} share {} % of their mistakes",
            hue="wrong",
        ),
    }


def _kinds(
    analysis: Analysis, both: Joint, pictures: Pictures, flagged: dict[str, list[str]]
) -> list[dict[str, Any]]:
    """What only classical methods get right, and what only deep ones do."""
    family = {row.method.name: row.method.family for row in analysis.ranking.rows}
    classes = analysis.comparison.data.classes

    def members(kind: Family) -> list[int]:
        return [i for i, name in enumerate(both.names) if family[name] == kind]

    classical, deep = members("classical"), members("deep")
    if not classical or not deep:
        return []
    kinds = []
    for name, right, other, wrong in (
        ("classical", classical, "deep", deep),
        ("deep", deep, "classical", classical),
    ):
        found = only_right_in(both, right, wrong)
        labels = np.array([one.true for one in found], int)
        kinds.append(
            {
                "name": name,
                "title": f"Right in {name} methods alone",
                "count": len(found),
                "sentence": _sentence(len(found), len(both.images), name, len(right), other),
                "classes": _most_of(labels, classes),
                "shown": [_figure(one, classes, pictures, flagged) for one in found[:DIVIDED]],
            }
        )
    return kinds


def _sentence(found: int, images: int, name: str, methods: int, other: str) -> str:
    many = "both" if methods == 2 else "most"
    who = f"the {name} method gets" if methods == 1 else f"{many} {name} methods get"
    if not found:
        return f"There is no image that {who} right and no {other} method does."
    return (
        f"{who[0].upper()}{who[1:]} {number_of(found, 'image')} of {images} "
        f"({percent(found / images)} %) right that no {other} method does."
    )


def _most_of(labels: np.ndarray, classes: Sequence[str]) -> str:
    """Which classes the images are of, where there are enough to say."""
    if len(labels) < 5:
        return ""
    counts = np.bincount(labels, minlength=len(classes))
    first = np.argsort(-counts, kind="stable")[:3]
    return "Most are of " + ", ".join(f"{classes[c]} ({counts[c]})" for c in first if counts[c])


def _figure(
    one: Missed | Divided, classes: Sequence[str], pictures: Pictures, flagged: dict[str, list[str]]
) -> dict[str, Any]:
    return {
        "image": one.image,
        "shown": pictures.show(one.image),
        "true": classes[one.true],
        "said": [(classes[c], n) for c, n in one.said[:2]],
        "flags": flagged.get(one.image, []),
    }


def _flagged(data: DataSummary) -> dict[str, list[str]]:
    """Audit findings by image."""
    flagged: dict[str, list[str]] = {}
    for finding in data.findings:
        for group in finding.get("images") or []:
            for image in [group] if isinstance(group, str) else group:
                flagged.setdefault(image, []).append(str(finding.get("title", "")))
    return flagged
