"""Cross-method section: images that all methods miss, agreement and overlap of errors."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from strata.reports.comparison.evaluation import SPLIT_NAMES
from strata.reports.comparison.shared_errors import (
    DisputedImage,
    JointPredictions,
    MissedImage,
    agreement,
    correct_only_in,
    error_overlap,
    joint_predictions,
    missed_by_all,
    oracle_accuracy,
)
from strata.reports.formatting import number_of, percent
from strata.reports.model.results import DataSummary, MethodKind
from strata.reports.page.methods import visualization_contexts
from strata.reports.page.pictures import Pictures
from strata.reports.page.plots.confusion_matrix import pairwise_drawing
from strata.reports.summary.analysis import Analysis

#: Pictures of images that every method misses, and of those that only one kind classifies right.
MISSED, DISPUTED = 18, 9
#: Rows of a visualization of several methods, at most.
ROWS = 6


def cross_method(analysis: Analysis, pictures: Pictures) -> dict[str, Any] | None:
    """Template context of the section; None with fewer than two methods on the same images."""
    ranking = analysis.ranking
    if ranking.basis is None:
        return None
    joint = joint_predictions(ranking.on(ranking.basis))
    if joint is None:
        return None
    classes = analysis.comparison.data.classes
    repeats = max(found.repeats for found in ranking.on(ranking.basis).values())
    split = SPLIT_NAMES[ranking.basis] + (f", first of {repeats} repeats" if repeats > 1 else "")
    missed = missed_by_all(joint)
    flagged = _flagged(analysis.comparison.data)
    best = float((joint.predictions == joint.labels).mean(axis=1).max())
    return {
        "split": split,
        "images": len(joint.images),
        "methods": len(joint.names),
        "missed": len(missed),
        "oracle": percent(oracle_accuracy(joint)),
        "best": percent(best),
        "shown": [_figure(one, classes, pictures, flagged) for one in missed[:MISSED]],
        "kinds": _kinds(analysis, joint, pictures, flagged),
        "visualizations": visualization_contexts(
            analysis.comparison.visualizations, pictures, ROWS
        ),
        "agreement": pairwise_drawing(
            agreement(joint),
            joint.names,
            f"Pairwise agreement of methods, {split}",
            "{} and {} agree on {} %",
        ),
        "overlap": pairwise_drawing(
            error_overlap(joint),
            joint.names,
            f"Error overlap of methods, {split}",
            "{} and {}: {} % of their errors are shared",
            hue="incorrect",
        ),
    }


def _kinds(
    analysis: Analysis, joint: JointPredictions, pictures: Pictures, flagged: dict[str, list[str]]
) -> list[dict[str, Any]]:
    """Images that only classical methods classify right, and those that only deep ones do."""
    kind_of = {row.method.name: row.method.kind for row in analysis.ranking.rows}
    classes = analysis.comparison.data.classes

    def members(kind: MethodKind) -> list[int]:
        return [i for i, name in enumerate(joint.names) if kind_of[name] == kind]

    classical, deep = members("classical"), members("deep")
    if not classical or not deep:
        return []
    kinds = []
    for name, right, other, wrong in (
        ("classical", classical, "deep", deep),
        ("deep", deep, "classical", classical),
    ):
        found = correct_only_in(joint, right, wrong)
        labels = np.array([one.true for one in found], int)
        kinds.append(
            {
                "name": name,
                "title": f"Correct in {name} methods only",
                "count": len(found),
                "sentence": _sentence(len(found), len(joint.images), name, len(right), other),
                "classes": _most_common(labels, classes),
                "shown": [_figure(one, classes, pictures, flagged) for one in found[:DISPUTED]],
            }
        )
    return kinds


def _sentence(found: int, images: int, name: str, methods: int, other: str) -> str:
    """Number of images that only one kind of methods classifies right, as a sentence."""
    many = "both" if methods == 2 else "most"
    subject = f"the {name} method" if methods == 1 else f"{many} {name} methods"
    if not found:
        return f"No image is classified correctly by {subject} and by no {other} method."
    return (
        f"{number_of(found, 'image')} of {images} ({percent(found / images)} %) "
        f"{'is' if found == 1 else 'are'} classified correctly by {subject} and by no {other} "
        "method."
    )


def _most_common(labels: np.ndarray, classes: Sequence[str]) -> str:
    """The most common classes of the images, where there are enough images."""
    if len(labels) < 5:
        return ""
    counts = np.bincount(labels, minlength=len(classes))
    first = np.argsort(-counts, kind="stable")[:3]
    return "Most common classes: " + ", ".join(
        f"{classes[c]} ({counts[c]})" for c in first if counts[c]
    )


def _figure(
    one: MissedImage | DisputedImage,
    classes: Sequence[str],
    pictures: Pictures,
    flagged: dict[str, list[str]],
) -> dict[str, Any]:
    """Template context of one image of the gallery."""
    return {
        "image": one.image,
        "shown": pictures.show(one.image),
        "true": classes[one.true],
        "predicted": [(classes[c], n) for c, n in one.predicted[:2]],
        "flags": flagged.get(one.image, []),
    }


def _flagged(data: DataSummary) -> dict[str, list[str]]:
    """Titles of audit findings by image, issues first."""
    flagged: dict[str, list[str]] = {}
    for finding in sorted(data.findings, key=lambda f: f.get("severity") != "issue"):
        for group in finding.get("images") or []:
            for image in [group] if isinstance(group, str) else group:
                titles, title = flagged.setdefault(image, []), str(finding.get("title", ""))
                titles += [title] if title not in titles else []
    return flagged
