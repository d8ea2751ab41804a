"""Worst mistakes of a classical and a deep method, with the evidence that each one followed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.experiment.trained import fold_model
from strata.pipeline.explain.explanation import UNSIGNED, Explanation
from strata.pipeline.graph.derived import Derived
from strata.pipeline.prediction.batch import ImageBatch
from strata.pipeline.store.store import Store
from strata.pipeline.visualize.overlay import fitted_in, overlay
from strata.pipeline.visualize.visualize import from_values, to_values

if TYPE_CHECKING:
    from strata.reports.model.scores import Scores
    from strata.reports.model.visualizations import Panel, PanelRow, Visualization

#: Images shown, and the longest side of a picture in pixels.
IMAGES, SIDE = 6, 176


@dataclass(frozen=True)
class Candidate:
    """A method that may be shown, with its scores of held-out images."""

    target: Target
    scores: "Scores"


def worst_mistakes(
    classical: Sequence[Candidate], deep: Sequence[Candidate], dataset: Dataset, store: Store
) -> "Visualization | None":
    """Images that a classical and a deep method get wrong, and the evidence that each followed.

    Args:
        classical, deep: methods of the two kinds, the best first; the first of each whose evidence
            has places is shown.

    Returns:
        None where there is no such pair, or no mistake.

    Raises:
        LookupError: fitted models are no longer in the store.
    """
    derived = derived_worst_mistakes(classical, deep)
    made = derived.read(store, lambda: _values(classical, deep, dataset, store))
    return next(iter(from_values(made)), None)


def derived_worst_mistakes(classical: Sequence[Candidate], deep: Sequence[Candidate]) -> Derived:
    """Artifact of the figure of these methods."""
    keys = tuple(tuple(one.target.node.key for one in kind) for kind in (classical, deep))
    return Derived("worst mistakes", keys, (__name__, _values.__name__))


def _values(
    classical: Sequence[Candidate], deep: Sequence[Candidate], dataset: Dataset, store: Store
) -> dict[str, Any]:
    made = _made(classical, deep, dataset, store)
    return to_values([made] if made else [])


def _made(
    classical: Sequence[Candidate], deep: Sequence[Candidate], dataset: Dataset, store: Store
) -> "Visualization | None":
    from strata.reports.model.visualizations import Visualization

    pair = [_with_places(kind, dataset, store) for kind in (classical, deep)]
    if None in pair:
        return None
    first, second = (one for one in pair if one)
    images = most_confident_mistakes(first.scores, second.scores, IMAGES)
    if not images:
        return None
    columns = [_panels(one, images, dataset, store) for one in (first, second)]
    names = [one.target.name for one in (first, second)]
    return Visualization(
        f"Worst mistakes of {names[0]} and {names[1]} in cross-validation",
        "Images that one or both misclassify with most confidence, each scored by models that were "
        f"not trained on it. Left the image; then the evidence of {names[0]} and of {names[1]}, "
        "each for the class that it predicts, with its probability where the method gives one. "
        "Orange speaks for that class, blue against it "
        "(contributions, which sum to the score); yellow is Grad-CAM, which shows support alone. "
        "Striped parts are not seen. The two methods' maps are on different scales.",
        list(_rows(images, columns, first.scores, dataset)),
    )


def most_confident_mistakes(first: "Scores", second: "Scores", most: int) -> list[str]:
    """Images that two methods get wrong: by both with most confidence, then by each in turn.

    A third at most is of both; confidence is the rank of the margin among a method's mistakes.
    """
    from strata.reports.comparison.evaluation import evaluate
    from strata.reports.comparison.hardest_images import most_confident_errors

    ranks: list[dict[str, int]] = []
    for scores in (first, second):
        wrong = most_confident_errors(
            evaluate(scores, "cv", scores.scores.shape[1]), len(scores.ids)
        )
        ranks.append({one.image: rank for rank, one in enumerate(wrong)})
    both = sorted(
        ranks[0].keys() & ranks[1].keys(), key=lambda name: ranks[0][name] + ranks[1][name]
    )
    in_turn = chain.from_iterable(zip_longest(*ranks))
    wanted = dict.fromkeys([*both[: most // 3], *(name for name in in_turn if name is not None)])
    return list(wanted)[:most]


def _with_places(
    candidates: Sequence[Candidate], dataset: Dataset, store: Store
) -> Candidate | None:
    """The first method whose evidence has places."""
    for one in candidates:
        if next(_explained(one, [one.scores.ids[0]], dataset, store))[2].map is not None:
            return one
    return None


def _explained(
    one: Candidate, images: Sequence[str], dataset: Dataset, store: Store
) -> Iterator[tuple[str, np.ndarray, Explanation]]:
    """Yield images with their pixels and the evidence for the class that is predicted.

    Raises:
        LookupError: a fitted model is no longer in the store.
    """
    from strata.pipeline.explain.explain import explain

    records = {record.id: record for record in dataset.manifest.records}
    predicted = predictions(one.scores)
    by_fold: dict[int, list[str]] = {}
    for name in images:
        fold = next(i for i, (f, _) in enumerate(one.target.folds) if name in f.test.ids)
        by_fold.setdefault(fold, []).append(name)
    for fold, names in by_fold.items():
        model, plan = fold_model(one.target, one.target.folds[fold][1], dataset, store)
        if plan.needed:
            raise LookupError(
                "the fitted models are no longer in the store; `strata make -B` computes them again"
            )
        pixels = [records[name].read() for name in names]
        classes = [predicted[name] for name in names]
        found = explain(model, ImageBatch.of(pixels), classes)
        yield from zip(names, pixels, map(summed, found), strict=True)


def predictions(scores: "Scores") -> dict[str, int]:
    """Predicted class of each image, in the first repeat."""
    from strata.reports.comparison.evaluation import first_repeat

    run = first_repeat(scores)
    return dict(zip(run.ids, run.predictions.tolist(), strict=True))


def verdicts(scores: "Scores", classes: Sequence[str]) -> dict[str, str]:
    """Predicted class of each image in words, its probability, and whether it is right.

    Of the first repeat, as `predictions`; without a probability where the method gives none.
    """
    from strata.reports.comparison.evaluation import first_repeat

    run, found = first_repeat(scores), {}
    for row, (name, number) in enumerate(zip(run.ids, run.predictions.tolist(), strict=True)):
        probabilities = run.probabilities
        told = "" if probabilities is None else f" {probabilities[row, number]:.2f}"
        mark = (
            "✓\N{NO-BREAK SPACE}right" if number == run.labels[row] else "✗\N{NO-BREAK SPACE}wrong"
        )
        found[name] = f"{classes[number]}{told} {mark}"
    return found


def summed(found: Sequence[Explanation]) -> Explanation:
    """One explanation: contributions of all branches summed, or the first that has places."""
    placed = [one for one in found if one.map is not None]
    if not placed:
        return found[0]
    first = placed[0]
    maps = [one.map for one in placed if one.map is not None]
    exact = all(one.total is not None and one.map is not None for one in placed)
    if exact and len({m.shape for m in maps}) == 1:
        total = sum(one.total or 0.0 for one in placed)
        offset = sum(one.offset for one in placed)
        return Explanation(first.kind, first.title, np.sum(maps, axis=0), total, offset)
    return first


def _panels(
    one: Candidate, images: Sequence[str], dataset: Dataset, store: Store
) -> Mapping[str, tuple["Panel", "Panel"]]:
    """For each image its own picture, and the method's evidence."""
    from strata.reports.model.visualizations import Panel

    told, found = verdicts(one.scores, dataset.classes), {}
    for name, pixels, explanation in _explained(one, images, dataset, store):
        picture, evidence = fitted_in(pixels, SIDE), explanation.map
        if evidence is None:
            evidence = np.zeros((1, 1), np.float32)
        drawn = overlay(picture, evidence, signed=explanation.kind not in UNSIGNED)
        alt = f"{name}: evidence of {one.target.name} for its prediction, {told[name]}"
        caption = f"{one.target.name}: {told[name]}"
        found[name] = Panel(picture, name, "the image"), Panel(drawn, alt, caption)
    return found


def _rows(
    images: Sequence[str],
    columns: Sequence[Mapping[str, tuple["Panel", "Panel"]]],
    scores: "Scores",
    dataset: Dataset,
) -> Iterator["PanelRow"]:
    from strata.reports.model.visualizations import PanelRow

    labels = dict(zip(scores.ids, scores.labels.tolist(), strict=True))
    for name in images:
        original = columns[0][name][0]
        maps = [column[name][1] for column in columns]
        yield PanelRow(f"true: {dataset.classes[labels[name]]}", name, [original, *maps])
