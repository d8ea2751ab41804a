"""Comparison of two runs: changed settings and parameters, significance of score differences."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from strata.errors import InputError
from strata.reports.comparison.evaluation import Evaluation, Split, evaluate
from strata.reports.comparison.pairs import Pair, holm_corrected, pairwise_tests
from strata.reports.exports.results_json import SCHEMA
from strata.reports.formatting import flat
from strata.reports.model.scores import Scores

_WANTED = "Name a results.json, or the folder that a report was written to."

_FIELDS = ("data", "run", "images", "labels", "methods")

SPLITS: tuple[Split, ...] = ("cv", "test")


@dataclass(frozen=True)
class MethodChange:
    """Changes of one method that is in both runs.

    Attributes:
        parameters: (name, before, after) of those that differ; None where one run lacks it.
        scores: by split that both have, the pair ("after", "before"): its difference is after
            minus before, its p-value is Holm-adjusted over all methods on that split.
    """

    name: str
    parameters: list[tuple[str, Any, Any]] = field(default_factory=list)
    scores: dict[Split, Pair] = field(default_factory=dict)


@dataclass(frozen=True)
class Changes:
    """Differences between two runs.

    Attributes:
        setting: sentences about the data, the protocol and the versions.
        added, removed: methods that only the later or only the earlier run has.
        methods: those that both have, in the later run's order.
        missing: sentences about results that a method lacks in one run or both, each with the names
            of all methods that it applies to.
    """

    setting: list[str]
    added: list[str]
    removed: list[str]
    methods: list[MethodChange]
    missing: list[str] = field(default_factory=list)


def read_results(path: Path) -> dict[str, Any]:
    """Content of a results.json, or of the one in a folder.

    Raises:
        InputError: there is no such file, or it is not a results file of this schema.
    """
    if path.is_dir():
        path = path / "results.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", _WANTED) from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}.", _WANTED) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise InputError(
            f"{path} has the schema {schema!r}, not {SCHEMA!r}.",
            "Write its report again with this version.",
        )
    lacking = [name for name in _FIELDS if name not in document]
    if lacking:
        raise InputError(f"{path} lacks {', '.join(lacking)}.", "Write its report again.")
    return document


def compare(before: dict[str, Any], after: dict[str, Any]) -> Changes:
    """Changes from one run to a later one, both as returned by `read_results`.

    Scores are compared where both runs scored the same images in the same folds; otherwise the
    pair says why not.
    """
    old = {method["name"]: method for method in before["methods"]}
    new = {method["name"]: method for method in after["methods"]}
    both = [name for name in new if name in old]
    pairs = {name: _scores(old[name], new[name], before, after) for name in both}
    _adjust(pairs)
    return Changes(
        setting=_setting(before, after),
        added=[name for name in new if name not in old],
        removed=[name for name in old if name not in new],
        methods=[
            MethodChange(
                name,
                _differing(flat(old[name]["parameters"]), flat(new[name]["parameters"])),
                pairs[name],
            )
            for name in both
        ],
        missing=_missing(old, new),
    )


def _missing(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Sentences about missing results, each with the names of all methods that it applies to."""
    sentences: dict[str, list[str]] = {}
    for name in [*new, *(name for name in old if name not in new)]:
        for sentence in _lost(old.get(name), new.get(name)):
            sentences.setdefault(sentence, []).append(name)
    return [f"{', '.join(names)}: {sentence}" for sentence, names in sentences.items()]


def _lost(old: dict[str, Any] | None, new: dict[str, Any] | None) -> list[str]:
    """Results that a method lacks in the earlier and in the later run; None where a run has no such
    method.
    """
    reasons = [_reason(method) for method in (old, new)]
    if reasons[0] and reasons[0] == reasons[1]:
        return [f"no results in either run: {reasons[0]}"]
    lost = []
    for when, method, other, reason in zip(
        ("earlier", "later"), (old, new), (new, old), reasons, strict=True
    ):
        if reason:
            lost.append(f"no results in the {when} run: {reason}")
        elif method and other:
            rest = [split for split in SPLITS if other[split] and not method[split]]
            lost += [f"no {split} scores in the {when} run" for split in rest]
    return lost


def _reason(method: dict[str, Any] | None) -> str:
    """Reason why a method has no results; "" where it has some, or is None."""
    if not method or any(method[split] for split in SPLITS):
        return ""
    return (method["error"] or "no reason is recorded").partition("\n")[0]


def _setting(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Sentences about differences in data, protocol and package versions."""
    sentences = []
    if before["data"]["digest"] != after["data"]["digest"]:
        sentences.append("The images are not the same.")
    for key in ("seed", "folds", "repeats"):
        old, new = before["run"][key], after["run"][key]
        if old != new:
            sentences.append(f"{key.capitalize()}: {old} before, {new} after.")
    for name, old, new in _differing(before["run"]["versions"], after["run"]["versions"]):
        sentences.append(f"{name}: {old or 'absent'} before, {new or 'absent'} after.")
    return sentences


def _differing(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """(name, before, after) of the values that differ."""
    names = sorted(old.keys() | new.keys())
    return [(n, old.get(n), new.get(n)) for n in names if old.get(n) != new.get(n)]


def _scores(
    old: dict[str, Any], new: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> dict[Split, Pair]:
    """By split that both runs have, the tested pair of after and before."""
    found: dict[Split, Pair] = {}
    for split in SPLITS:
        if old[split] and new[split]:
            two = {
                "after": _evaluation(new, split, after),
                "before": _evaluation(old, split, before),
            }
            (found[split],) = pairwise_tests(two, split)
    return found


def _evaluation(method: dict[str, Any], split: Split, document: dict[str, Any]) -> Evaluation:
    """Evaluation of a method from its stored predictions; scores are one-hot."""
    kept = method[split]["predictions"]
    classes = len(document["data"]["classes"])
    images = np.array(kept["image"])
    scores = Scores(
        [document["images"][i] for i in images],
        np.array(document["labels"])[images],
        np.array(kept["repeat"]),
        np.array(kept["fold"]),
        np.eye(classes)[kept["class"]],
    )
    return evaluate(scores, split, classes)


def _adjust(pairs: dict[str, dict[Split, Pair]]) -> None:
    """Apply the Holm correction over the methods of each split, in place."""
    for split in SPLITS:
        found = [by_split for by_split in pairs.values() if split in by_split]
        for by_split, pair in zip(found, holm_corrected([f[split] for f in found]), strict=True):
            by_split[split] = pair
