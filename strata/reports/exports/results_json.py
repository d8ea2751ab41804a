"""results.json: all numbers of a report, for other programs and for comparing two runs later.

docs/results-json.md describes the schema "strata.results/1". Adding a field keeps the number;
renaming, removing or redefining one raises it.
"""

import json
import math
from typing import Any

import numpy as np

from strata.reports.comparison.evaluation import Evaluation
from strata.reports.comparison.pairs import Pair
from strata.reports.comparison.searches import importance
from strata.reports.exports.tables import metric_values
from strata.reports.model.results import MethodResult, SearchResult
from strata.reports.statistics.convergence import curves
from strata.reports.statistics.learning_speed import learning_speed
from strata.reports.summary.analysis import Analysis

SCHEMA = "strata.results/1"


def json_text(analysis: Analysis) -> str:
    """Content of results.json."""
    return json.dumps(_plain(_document(analysis)), ensure_ascii=False, allow_nan=False) + "\n"


def _document(analysis: Analysis) -> dict[str, Any]:
    """The whole document, before conversion to JSON types."""
    comparison, ranking = analysis.comparison, analysis.ranking
    labels = {
        image: int(label)
        for row in ranking.rows
        for evaluation in row.evaluations.values()
        for image, label in zip(evaluation.scores.ids, evaluation.scores.labels, strict=True)
    }
    place = {image: i for i, image in enumerate(labels)}
    methods = [
        {
            **_described(row.method),
            "rank": row.rank,
            "standing": row.standing,
            "test_standing": row.on_test,
            **dict.fromkeys(("cv", "test")),
            **{
                split: _evaluated(evaluation, comparison.data.classes, place)
                for split, evaluation in row.evaluations.items()
            },
        }
        for row in ranking.rows
    ]
    methods += [
        {
            **_described(m),
            "rank": None,
            "standing": "failed",
            "test_standing": None,
            "cv": None,
            "test": None,
        }
        for m in ranking.failed
    ]
    data = comparison.data
    return {
        "schema": SCHEMA,
        "name": comparison.name,
        "title": comparison.title,
        "data": {
            "name": data.name,
            "classes": data.classes,
            "counts": data.counts,
            "digest": data.digest,
        },
        "run": vars(comparison.run),
        "basis": ranking.basis,
        "intervals": comparison.intervals,
        "verdict": vars(analysis.verdict),
        "images": list(labels),
        "labels": list(labels.values()),
        "methods": methods,
        "pairs": [_pair(pair) for pairs in ranking.pairs.values() for pair in pairs],
        "checks": [vars(check) for check in analysis.checks],
    }


def _described(method: MethodResult) -> dict[str, Any]:
    """Fields of a method that do not depend on a split."""
    return {
        "name": method.name,
        "recipe": method.recipe,
        "family": method.kind,
        "paper": method.paper,
        "parameters": method.parameters,
        "variant_of": method.variant_of,
        "varied": method.varied,
        "error": method.error,
        "cost": vars(method.cost) if method.cost else None,
        "training_accuracy": method.training_accuracy,
        "begins": method.begins,
        "watched": method.watched,
        "validation": _validation(method),
        "pretrained": [vars(network) for network in method.pretrained],
        "layers": [vars(layer) for layer in method.layers],
        "search": _search(method.search) if method.search else None,
        "stages": [vars(stage) for stage in method.stages],
    }


def _validation(method: MethodResult) -> dict[str, Any] | None:
    """Validation accuracy by epoch, mean over folds, with its start, slope and asymptote."""
    speed = learning_speed(method.histories) if method.histories else None
    if speed is None:
        return None
    (curve,) = curves(method.histories, "validation_accuracy")
    return {**speed._asdict(), "epochs": curve.epochs, "accuracy": curve.mean}


def _search(search: SearchResult) -> dict[str, Any]:
    """Fields of a random search."""
    return {
        "space": [vars(parameter) for parameter in search.parameters],
        "folds": search.folds,
        "picked": search.picked,
        "importance": importance(search),
        "trials": [
            {"parameters": values, "accuracies": search.accuracies[:, trial]}
            for trial, values in enumerate(search.trials)
        ],
    }


def _evaluated(evaluation: Evaluation, classes: list[str], place: dict[str, int]) -> dict[str, Any]:
    """Metrics and predictions of a method on one split."""
    scores = evaluation.scores
    found: dict[str, Any] = dict(metric_values(evaluation))
    if evaluation.folds is not None:
        found["folds"] = evaluation.folds.accuracy
        found["spread"] = (
            evaluation.variance_components._asdict() if evaluation.variance_components else None
        )
    per_class = evaluation.per_class
    return found | {
        "confusion": evaluation.confusion,
        "per_class": {
            name: {
                "support": per_class.support[c],
                "precision": per_class.precision[c],
                "precision_low": evaluation.precision_intervals[c].low,
                "precision_high": evaluation.precision_intervals[c].high,
                "recall": per_class.recall[c],
                "recall_low": evaluation.recall_intervals[c].low,
                "recall_high": evaluation.recall_intervals[c].high,
                "f1": per_class.f1[c],
                "auc": evaluation.roc.areas[c],
            }
            for c, name in enumerate(classes)
        },
        "predictions": {
            "image": [place[image] for image in scores.ids],
            "repeat": scores.repeat,
            "fold": scores.fold,
            "class": scores.predictions,
        },
    }


def _pair(pair: Pair) -> dict[str, Any]:
    """Fields of a pair."""
    return {
        "first": pair.first,
        "second": pair.second,
        "split": pair.split,
        "difference": pair.difference,
        "low": pair.interval.low if pair.interval else None,
        "high": pair.interval.high if pair.interval else None,
        "test": pair.test.kind if pair.test else None,
        "statistic": pair.test.statistic if pair.test else None,
        "p": pair.test.p if pair.test else None,
        "p_adjusted": pair.p_adjusted,
        "untested": pair.untested,
    }


def _plain(value: Any) -> Any:
    """The value as JSON types; numbers that are not finite become null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)
