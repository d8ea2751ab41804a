"""Comparison of two runs: changed settings and parameters, significance of score differences."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from strata.reports.comparison.evaluation import Split, evaluate
from strata.reports.comparison.pairs import Pair, holm_corrected, pairwise_tests
from strata.reports.formatting import flat, number_of
from strata.reports.model.scores import Scores

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


def compare(before: dict[str, Any], after: dict[str, Any]) -> Changes:
    """Changes from one run to a later one, both as returned by `read_results`.

    Scores are compared on the images that both runs scored, and tested where these lie in the same
    folds; otherwise the pair says why not.
    """
    old = {method["name"]: method for method in before["methods"]}
    new = {method["name"]: method for method in after["methods"]}
    both = [name for name in new if name in old]
    common = _common(before, after)
    pairs = {name: _scores(old[name], new[name], before, after, common) for name in both}
    _adjust(pairs)
    return Changes(
        setting=_setting(before, after, common),
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


def _labeled(document: dict[str, Any]) -> dict[str, str]:
    """Name of the class of each scored image."""
    classes = document["data"]["classes"]
    return {
        image: classes[label]
        for image, label in zip(document["images"], document["labels"], strict=True)
    }


def _common(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Ids of the images that both runs scored, with the same class."""
    old, new = _labeled(before), _labeled(after)
    return {image for image, label in new.items() if old.get(image) == label}


def _setting(before: dict[str, Any], after: dict[str, Any], common: set[str]) -> list[str]:
    """Sentences about differences in data, protocol and package versions."""
    sentences = []
    if before["data"]["digest"] != after["data"]["digest"]:
        sentences.append(_other_images(_labeled(before), _labeled(after), len(common)))
    for key in ("seed", "folds", "repeats"):
        old, new = before["run"][key], after["run"][key]
        if old != new:
            sentences.append(f"{key.capitalize()}: {old} before, {new} after.")
    for name, old, new in _differing(before["run"]["versions"], after["run"]["versions"]):
        sentences.append(f"{name}: {old or 'absent'} before, {new or 'absent'} after.")
    return sentences


def _other_images(old: dict[str, str], new: dict[str, str], common: int) -> str:
    """Sentence on how many images differ, and on which ones the runs are compared."""
    changed = len(old.keys() & new.keys()) - common
    counts = (
        (len(new.keys() - old.keys()), "only in the later run"),
        (len(old.keys() - new.keys()), "only in the earlier run"),
        (changed, "with another class"),
    )
    parts = [f"{number_of(count, 'image')} {what}" for count, what in counts if count]
    if not parts:
        return "The images are not the same: their names are, their contents or splits are not."
    compared = f"the {common} common ones are compared" if common else "none is common to both"
    return f"The images are not the same: {', '.join(parts)}; {compared}."


def _differing(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """(name, before, after) of the values that differ."""
    names = sorted(old.keys() | new.keys())
    return [(n, old.get(n), new.get(n)) for n in names if old.get(n) != new.get(n)]


def _scores(
    old: dict[str, Any],
    new: dict[str, Any],
    before: dict[str, Any],
    after: dict[str, Any],
    common: set[str],
) -> dict[Split, Pair]:
    """By split that both runs have, the pair of after and before, on common images of the split."""
    found: dict[Split, Pair] = {}
    for split in SPLITS:
        if old[split] and new[split]:
            later, earlier = _scored(new, split, after), _scored(old, split, before)
            ids = common & set(later.ids) & set(earlier.ids)
            if not ids:
                none = "no image is in this split of both runs"
                found[split] = Pair("after", "before", split, float("nan"), untested=none)
                continue
            two = {
                name: evaluate(scores.where(_rows_of(scores, ids)), split, scores.scores.shape[1])
                for name, scores in (("after", later), ("before", earlier))
            }
            (found[split],) = pairwise_tests(two, split)
    return found


def _rows_of(scores: Scores, ids: set[str]) -> np.ndarray:
    """Rows of the images with these ids."""
    return np.array([row for row, image in enumerate(scores.ids) if image in ids])


def _scored(method: dict[str, Any], split: Split, document: dict[str, Any]) -> Scores:
    """Scores of a method from its stored predictions, one-hot."""
    kept = method[split]["predictions"]
    images = np.array(kept["image"])
    return Scores(
        [document["images"][i] for i in images],
        np.array(document["labels"])[images],
        np.array(kept["repeat"]),
        np.array(kept["fold"]),
        np.eye(len(document["data"]["classes"]))[kept["class"]],
    )


def _adjust(pairs: dict[str, dict[Split, Pair]]) -> None:
    """Apply the Holm correction over the methods of each split, in place."""
    for split in SPLITS:
        found = [by_split for by_split in pairs.values() if split in by_split]
        for by_split, pair in zip(found, holm_corrected([f[split] for f in found]), strict=True):
            by_split[split] = pair
